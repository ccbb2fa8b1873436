typedef int T;
int T;
enum { A };
int A(void);
int f(int a) {
  typedef int a;
  return 0;
}
