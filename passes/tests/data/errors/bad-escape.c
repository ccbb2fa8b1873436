char *a = "\x";
int b = '\u12';
char *c = "\u0041";
int d = L'\ud800';
int e = 1 + '\x';
int g[sizeof "\u00e9" == 3 ? 1 : -1];
