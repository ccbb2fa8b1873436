static extern int a;
typedef static int b;
