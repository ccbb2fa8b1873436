int a = 1;
int a;
int a = 2;
static int b = 1;
static int b = 1;
int c;
int c;
extern int d;
int d = 4;
