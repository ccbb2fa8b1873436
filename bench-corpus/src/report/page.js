"use strict";
// The switch between colours, and the mark at the section that is being read.
(() => {
  // The switch. A browser that keeps nothing for local files begins with the system's colours.
  const root = document.documentElement;
  const kept = (value) => {
    try {
      return value === undefined ? localStorage.getItem("theme") : localStorage.setItem("theme", value);
    } catch {
      return null;
    }
  };
  const choose = (theme) => (theme === "system" ? root.removeAttribute("data-theme") : root.setAttribute("data-theme", theme));
  for (const input of document.querySelectorAll('input[name="theme"]')) {
    if (input.value === kept()) input.checked = true;
    if (input.checked) choose(input.value);
    input.addEventListener("change", () => { choose(input.value); kept(input.value); });
  }

  // Which section is being read.
  const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.hash.slice(1), link]));
  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      for (const link of links.values()) link.removeAttribute("aria-current");
      links.get(target.id)?.setAttribute("aria-current", "true");
    }
  }, { rootMargin: "-20% 0px -70% 0px" });
  for (const section of document.querySelectorAll("main > section")) seen.observe(section);
})();
