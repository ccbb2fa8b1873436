int a = 1;
int a;
int a = 2;
static int b = 1;
static int b = 1;
int c;
int c;
extern int d;
int d = 4;
void aliased(void) {}
void aliased(void) __attribute__((alias("other")));
int both __attribute__((alias("other"))) = 2;
int tentative __attribute__((alias("other")));
extern int elsewhere __attribute__((alias("other")));
int elsewhere = 3;
