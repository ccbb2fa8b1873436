char *a = "\x";
int b = '\u12';
