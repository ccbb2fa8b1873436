int f(int a) {
  while (a) break;
  break;
  switch (a) { case 1: continue; }
  return 0;
}
