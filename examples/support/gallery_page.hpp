// The look and the behaviour of the gallery's page.
#pragma once

namespace examples::page {

inline constexpr const char* style = R"(
:root { color-scheme: light; --ground: #f6f6f8; --card: #fff; --ink: #222226; --soft: #5c5c66; --line: #e0e0e6; --mark: #2360c4; }
:root[data-theme=dark] { color-scheme: dark; --ground: #101114; --card: #18191d; --ink: #e8e8ec; --soft: #a0a0aa; --line: #2c2d33; --mark: #86b1ff; }
* { box-sizing: border-box; }
html { scroll-behavior: smooth; scroll-padding-top: 4rem; }
body { font: 17px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; color: var(--ink); background: var(--ground); margin: 0; }
header, main, footer { max-width: 74rem; margin: 0 auto; padding: 0 1.1rem; }
header { padding-top: 2.2rem; }
h1 { font-size: clamp(1.7rem, 5vw, 2.5rem); line-height: 1.15; margin: 0 3.2rem 0.6rem 0; letter-spacing: -0.015em; }
h2 { font-size: 1.45rem; line-height: 1.25; margin: 0 0 0.4rem; }
h2 span { color: var(--mark); font-variant-numeric: tabular-nums; margin-right: 0.55rem; }
p { max-width: 46rem; margin: 0.4rem 0 0.9rem; }
.about { color: var(--soft); }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(11.5rem, 1fr)); gap: 0.7rem; margin: 1.4rem 0 0.4rem; padding: 0; list-style: none; }
.facts li { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 0.7rem 0.9rem; font-size: 0.9rem; line-height: 1.35; color: var(--soft); }
.facts b { display: block; font-size: 1.5rem; line-height: 1.25; color: var(--ink); font-weight: 650; }
nav { position: sticky; top: 0; z-index: 1; background: var(--ground); border-bottom: 1px solid var(--line); margin-top: 1.2rem; }
nav div { display: flex; gap: 0.2rem; max-width: 74rem; margin: 0 auto; padding: 0.45rem 0.7rem; overflow-x: auto; scrollbar-width: none; }
nav a { flex: none; color: var(--soft); text-decoration: none; padding: 0.2rem 0.6rem; border-radius: 7px; font-size: 0.9rem; }
nav a:hover, nav a.here { color: var(--ink); background: var(--line); }
section { margin: 3.2rem 0 0; }
figure { margin: 1.1rem 0 0; background: var(--card); border: 1px solid var(--line); border-radius: 12px; overflow: hidden; }
.scroll { display: block; overflow-x: auto; padding: 0.3rem; }
figure img { display: block; max-width: 100%; height: auto; margin: 0 auto; }
@media (max-width: 760px) { figure img { max-width: none; width: max(100%, min(var(--w), 620px)); } body { font-size: 16px; } }
:root:not([data-theme=dark]) img.on-dark, :root[data-theme=dark] img.on-light { display: none; }
figcaption { color: var(--soft); font-size: 0.92rem; line-height: 1.5; padding: 0.2rem 1rem 0.9rem; max-width: 50rem; }
.controls { display: flex; gap: 0.8rem; align-items: center; margin: 0.6rem 0; }
.controls input { flex: 0 1 24rem; min-width: 0; accent-color: var(--mark); }
button { font: inherit; font-size: 0.95rem; color: var(--ink); background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 0.25rem 0.9rem; cursor: pointer; }
#theme { position: absolute; top: 1.4rem; right: max(1.1rem, calc(50vw - 36rem)); padding: 0.3rem 0.6rem; }
footer { color: var(--soft); font-size: 0.9rem; margin-top: 3.5rem; padding-top: 1rem; padding-bottom: 3rem; }
:focus-visible { outline: 2px solid var(--mark); outline-offset: 2px; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
@media print { nav, .controls, #theme { display: none; } figure { break-inside: avoid; } .steps figure[hidden] { display: block; } body { background: #fff; } }
)";

// Before anything is drawn: light or dark, as chosen before or as the system says.
inline constexpr const char* early_script = R"(
const root = document.documentElement;
const system = matchMedia('(prefers-color-scheme: dark)');
const remembered = () => { try { return localStorage.getItem('theme'); } catch { return null; } };
const paint = () => { root.dataset.theme = remembered() ?? (system.matches ? 'dark' : 'light'); };
system.addEventListener('change', paint);
paint();
)";

// The theme's button, the place in the navigation, and the figures that are stepped through.
inline constexpr const char* script = R"(
document.querySelector('#theme').addEventListener('click', () => {
  root.dataset.theme = root.dataset.theme === 'dark' ? 'light' : 'dark';
  try { localStorage.setItem('theme', root.dataset.theme); } catch {}
});
const links = new Map([...document.querySelectorAll('nav a')].map(link => [link.hash.slice(1), link]));
const strip = document.querySelector('nav div');
const watch = new IntersectionObserver(seen => {
  for (const entry of seen) {
    if (!entry.isIntersecting) continue;
    links.forEach(link => link.classList.remove('here'));
    const link = links.get(entry.target.id);
    link.classList.add('here');
    strip.scrollTo({ left: link.offsetLeft - strip.clientWidth / 2 + link.clientWidth / 2 });
  }
}, { rootMargin: '-20% 0px -75% 0px' });
document.querySelectorAll('section').forEach(section => watch.observe(section));
for (const steps of document.querySelectorAll('.steps')) {
  const pictures = [...steps.querySelectorAll('figure')];
  const slider = steps.querySelector('input');
  const button = steps.querySelector('button');
  let timer = null;
  const show = () => pictures.forEach((picture, i) => { picture.hidden = i !== Number(slider.value); });
  const stop = () => { clearInterval(timer); timer = null; button.textContent = 'Play'; };
  slider.addEventListener('input', () => { stop(); show(); });
  button.addEventListener('click', () => {
    if (timer) { stop(); return; }
    button.textContent = 'Pause';
    timer = setInterval(() => { slider.value = (Number(slider.value) + 1) % pictures.length; show(); }, 900);
  });
  show();
}
)";

}  // namespace examples::page
