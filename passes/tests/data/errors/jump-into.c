int f(int n) {
  goto inside;
  int a = ({ inside: n; });
  goto past;
  int v[n];
past:
  switch (n) {
    int w[n];
  case 1:
    n = ({ case 2: 3; });
  }
  {
    int x[n];
    goto out;
  }
out:
  goto known;
  int k[3];
known:
  return ({ goto past; 1; });
}
int g(int n) {
again:;
  int v[n];
  if (v[0])
    goto again;
  for (int w[n]; n; n--) {
  in:;
  }
  goto in;
  return 0;
}
int to_default(int n) {
  switch (n) {
    int array[n];
  default:
    return 1;
  }
}
void local_labels(void) {
  { __label__ known; known: ; }
  goto outer;
  { __label__ outer; outer: ; }
outer: ;
}
