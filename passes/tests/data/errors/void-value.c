void f(void);
void take(int a);
void old();
int g(int a) {
  int b = f();
  a = f();
  take(f());
  old(f());
  if (f())
    return 1;
  while (f())
    ;
  return f();
}
