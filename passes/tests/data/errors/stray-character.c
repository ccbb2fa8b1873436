int a = 1“;
int b @ = 2;
int c = 3\;
int d = 4 # 5 ## 6;
int e = `7`;
char *f = "abc
"";
int g = 'x;
8;
