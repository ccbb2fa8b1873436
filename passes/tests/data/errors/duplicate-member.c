struct A { int a; int b; char a; };
struct outer {
  int x;
  struct {
    int y;
    int x;
  };
  union {
    int z;
    float y;
  };
};
