// The body and the look of a report's page, beyond what it shares with the gallery's.
#pragma once

namespace tool::report_page {

inline constexpr const char* style = R"(
header { padding-top: 1.6rem; }
h1 { font-size: clamp(1.4rem, 4.4vw, 2rem); overflow-wrap: anywhere; margin-bottom: 0.2rem; }
h2 { font-size: 1.2rem; overflow-wrap: anywhere; }
h3 { font-size: 1.02rem; margin: 0 0 0.2rem; overflow-wrap: anywhere; }
section { margin-top: 1.4rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 0.9rem 1.1rem 1.1rem; min-width: 0; }
.facts, .small { color: var(--soft); font-size: 0.9rem; line-height: 1.5; }
p.facts { display: block; margin: 0 0 0.7rem; max-width: none; }
img { display: block; image-rendering: pixelated; }
img.smooth { image-rendering: auto; }
button[aria-pressed=true], button[aria-current=true] { border-color: var(--mark); box-shadow: inset 0 0 0 1px var(--mark); }
#pictures { align-items: center; }
#pictures button { flex: none; display: flex; gap: 0.5rem; align-items: center; padding: 0.25rem 0.7rem 0.25rem 0.25rem; max-width: 16rem; }
#pictures img { width: 2.1rem; height: 2.1rem; object-fit: cover; border-radius: 5px; flex: none; }
#pictures span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
#picture { display: grid; grid-template-columns: minmax(0, 17rem) minmax(0, 1fr) minmax(0, 17rem); gap: 0.6rem 1.8rem; align-items: start; }
#picture h2 { grid-column: 1 / -1; margin: 0; }
#picture img, .stage img { width: 100%; }
.stage { position: relative; overflow: hidden; background: #808080; border-radius: 3px; touch-action: pan-y; }
.stage .frame { position: absolute; box-shadow: 0 0 0 2px #ff3b30, 0 0 0 3px #fff; pointer-events: none; }
.stage .frame.wide { box-shadow: inset 0 0 0 2px #ff3b30, inset 0 0 0 3px #fff; }
.stage .placed { position: absolute; }
.note { margin: 0.35rem 0 0; font-size: 0.85rem; line-height: 1.4; color: var(--soft); min-height: 2.4rem; }
.bars { display: grid; grid-template-columns: minmax(0, max-content) minmax(3rem, 1fr) max-content; gap: 0.3rem 0.7rem; align-items: center; font-size: 0.95rem; margin: 0; }
.bars dt { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.bars dd { margin: 0; font-variant-numeric: tabular-nums; text-align: right; }
.bars .bar { height: 0.8rem; border-radius: 3px; background: var(--line); overflow: hidden; }
.bars .bar div { height: 100%; background: var(--mark); min-width: 1px; }
.scale { display: flex; gap: 0.5rem; align-items: center; font-size: 0.8rem; color: var(--soft); margin-top: 0.35rem; }
.scale img { flex: 1; min-width: 0; height: 0.6rem; border-radius: 3px; image-rendering: auto; }
#network { display: grid; grid-template-columns: 16rem minmax(0, 1fr); gap: 1rem; align-items: start; }
#layers { position: sticky; top: 4rem; max-height: min(100vh - 5rem, 44rem); overflow: auto; display: grid; gap: 0.15rem; padding: 0.4rem; }
#layers button { display: grid; grid-template-columns: 1.8rem minmax(0, 1fr); gap: 0 0.4rem; text-align: left; border-color: transparent; background: none; padding: 0.2rem 0.5rem; line-height: 1.3; font-size: 0.9rem; }
#layers button:hover { background: var(--line); }
#layers button[aria-current=true] { background: var(--line); }
#layers i { font-style: normal; color: var(--soft); font-variant-numeric: tabular-nums; grid-row: span 2; text-align: right; }
#layers b { font-weight: 600; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
#layers span { color: var(--soft); font-size: 0.8rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.2rem, 1fr)); gap: 0.5rem; }
.tile { padding: 0.45rem; min-width: 0; font-size: 0.85rem; text-align: left; color: var(--ink); line-height: 1.35; border: 1px solid var(--line); border-radius: 8px; background: none; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 0.35rem; align-items: center; height: 4.2rem; margin-bottom: 0.3rem; }
.pair.one { grid-template-columns: 1fr; }
.pair img { width: 100%; height: 4.2rem; object-fit: contain; }
.tile span { color: var(--soft); float: right; font-variant-numeric: tabular-nums; }
#detail { border-top: 1px solid var(--line); margin-top: 1.1rem; padding-top: 0.9rem; }
.views { display: flex; flex-wrap: wrap; gap: 0.9rem; margin: 0.6rem 0; }
.views figure { flex: 1 1 7.6rem; max-width: 13rem; }
.views figure, .nines figure { margin: 0; border: 0; border-radius: 0; background: none; overflow: visible; }
.views figcaption, .nines figcaption { padding: 0.3rem 0 0; font-size: 0.85rem; line-height: 1.35; }
.nines { display: grid; grid-template-columns: repeat(auto-fit, minmax(12rem, 18rem)); gap: 1rem; margin-top: 0.6rem; }
.nine { display: grid; grid-template-columns: repeat(3, 1fr); gap: 4px; }
.nine img { width: 100%; }
kbd { font: inherit; font-size: 0.85em; border: 1px solid var(--line); border-radius: 5px; padding: 0 0.35em; background: var(--card); }
#printout { display: none; }
@media (max-width: 760px) {
  figure img { width: 100%; max-width: 100%; }
  #picture { grid-template-columns: 1fr 1fr; gap: 0.6rem 1rem; }
  #picture .answer { grid-column: 1 / -1; grid-row: 3; }
  #network { grid-template-columns: minmax(0, 1fr); }
  #layers { position: static; display: flex; max-height: none; overflow-x: auto; }
  #layers button { flex: none; max-width: 11rem; }
  .tiles { grid-template-columns: repeat(auto-fill, minmax(7.6rem, 1fr)); }
  .views figure { flex-basis: 40%; }
  .nines { grid-template-columns: 1fr 1fr; gap: 0.8rem; }
}
@page { margin: 1.4cm; }
@media print {
  :root, :root[data-theme=dark] { --ground: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #ccc; --mark: #2360c4; }
  body { font-size: 11px; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  header, main, footer { max-width: none; padding: 0; }
  #layers, .keys, #layer > .tiles { display: none; }
  #network { display: block; }
  #printout { display: block; }
  #printout .card { margin-top: 0.7rem; }
  .card, .tile { break-inside: avoid; }
  #picture { grid-template-columns: 5cm 1fr 5cm; }
  #picture .answer { grid-column: auto; grid-row: auto; }
  .tiles { grid-template-columns: repeat(6, 1fr); }
  .pair, .pair img { height: 1.6cm; }
  .note { min-height: 0; }
  .views { gap: 0.3cm; }
  .views figure { flex: 1 1 0; max-width: 3.4cm; }
  .nines { grid-template-columns: 4.5cm 4.5cm; }
  figure, .nines { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
}
)";

inline constexpr const char* body = R"(
<header><button type="button" id="theme" aria-label="light or dark">&#9680;</button><h1 id="title">deconvviz report</h1>
<p class="about" id="about"></p><noscript><p>This page needs JavaScript, which is switched off.</p></noscript></header>
<nav aria-label="Pictures"><div id="pictures"></div></nav>
<main><section class="card" id="picture" aria-label="The picture"></section>
<section id="network"><div class="card" id="layers" role="group" aria-label="Layers"></div>
<div class="card" id="layer"></div></section>
<section id="printout"></section>
<section class="card"><h2>How to read this</h2><div id="notes"></div>
<p class="keys"><kbd>&larr;</kbd> <kbd>&rarr;</kbd> maps &ensp; <kbd>j</kbd> <kbd>k</kbd> layers &ensp; <kbd>n</kbd>
<kbd>p</kbd> or <kbd>1</kbd> to <kbd>9</kbd> pictures</p></section></main>
<footer>Made by deconvviz. Everything is in this one file.</footer>
)";

}  // namespace tool::report_page
