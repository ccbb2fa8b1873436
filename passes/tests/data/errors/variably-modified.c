int n;
int a[n];
int f(int n) { int b[n]; return sizeof b; }
int length;
void in_block(int n) {
  typedef int row[n];
  typedef row row;
  extern row *function(void);
  extern row *pointer;
}
