void *a = L"a" u"b";
