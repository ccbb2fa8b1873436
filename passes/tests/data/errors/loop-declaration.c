int f(void) {
  for (int i = 0; i < 1; i++)
    ;
  for (static int j = 0; j < 1; j++)
    ;
  for (extern int k;;)
    ;
  for (int g(void);;)
    ;
  for (typedef int T;;)
    ;
  for (register int r = 0; r < 1; r++)
    ;
  return 0;
}
void tags_only(void) {
  for (struct s { int a; };;);
}
