a+++++b a-->b a<<=b>>=c a...b .. . ... .5 5. 0x1p-3 1e+5 1e5+5 0xe+1 1.2.3 1_000 $dollar a$b
<: :> <% %> %: %:%: %:% a<::b
"string" L"wide" u"16" U"32" u8"8" R"(raw " string)" R"x(a)")x" LR"(w)"
'c' L'c' '\'' '\\' "a\"b" "\\" '"'
con\
tin\
ued "spl\
iced" 12\
34 +\
+ -\  
> /\
* comment *\
/ x /\
/ line comment \
goes on
y // end
/* a */b/**/c/***/d/* // */e
@ ` \ # not a directive \x
é naïve \u00e9t\u00e9 ü"x" 😀 €
##not a directive
%:%:nor this
%: /* null directive */
  %:define DIGRAPH 1
DIGRAPH
#\
#spliced
