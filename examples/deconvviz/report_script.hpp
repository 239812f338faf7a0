// The behaviour of a report's page: it draws what the JSON says, and follows clicks and keys.
#pragma once

namespace tool::report_page {

inline constexpr const char* script = R"(
const data = JSON.parse(document.getElementById('data').textContent);
const [, height, width] = data.input;
const at = id => document.getElementById(id);
const times = extents => extents.join(' × ');
const number = value => Math.abs(value) >= 1000 || (value !== 0 && Math.abs(value) < 0.001) ? value.toExponential(1) : String(Number(value.toPrecision(3)));
const percent = share => share >= 0.9995 && share < 1 ? '> 99.9 %' : share > 0 && share < 0.0005 ? '< 0.1 %' : (100 * share).toFixed(1) + ' %';
const large = value => { for (const unit of ['', ' k', ' M', ' G']) { if (value < 1000) return Number(value.toPrecision(3)) + unit; value /= 1000; } return Number(value.toPrecision(3)) + ' T'; };
const make = (tag, properties = {}, ...inside) => { const made = Object.assign(document.createElement(tag), properties); made.append(...inside); return made; };
const image = (index, alt, extra = {}) => make('img', { src: data.album[index], alt, draggable: false, ...extra });
const photo = (index, alt) => image(index, alt, { className: Math.max(height, width) > 96 ? 'smooth' : '' });
const place = (node, [y, x, h, w], [rows, columns]) => { Object.assign(node.style, { top: 100 * y / rows + '%', left: 100 * x / columns + '%', height: 100 * h / rows + '%', width: 100 * w / columns + '%' }); return node; };
const frame = (window, size) => place(make('div', { className: window[2] * 6 > size[0] && window[3] * 6 > size[1] ? 'frame wide' : 'frame' }), window, size);
const figure = (view, caption) => make('figure', {}, view, make('figcaption', {}, caption));
const state = { picture: 0, layer: 0, map: 0 };
const picture = () => data.pictures[state.picture];
const found = (layer = state.layer) => picture().layers[layer];
const isMaps = layer => layer.shape.length === 3;

// The picture, what the model says about it, and where hiding a part of it harms the answer.
function bars(classes) {
  const list = make('dl', { className: 'bars' });
  for (const { name, share } of classes) {
    const bar = make('div');
    bar.style.width = 100 * share + '%';
    list.append(make('dt', { title: name }, name), make('div', { className: 'bar' }, bar), make('dd', {}, percent(share)));
  }
  return list;
}
function occlusion(seen) {
  const lowest = Math.min(...seen.probabilities);
  const summary = `${percent(seen.unoccluded)} with nothing hidden, ${percent(lowest)} at least.`;
  const hint = make('span', { className: 'keys' }, ' Point at a place to hide it.');
  const note = make('p', { className: 'note' }, summary, hint);
  const patch = make('div', { className: 'frame wide', hidden: true });
  const stage = make('div', { className: 'stage' }, photo(seen.image, `Probability of ${seen.class} by the place that is hidden`), patch);
  const nearest = (share, size, side, step, count) => Math.max(0, Math.min(count - 1, Math.round((share * size - side / 2) / step)));
  stage.addEventListener('pointermove', event => {
    const box = stage.getBoundingClientRect();
    const row = nearest((event.clientY - box.top) / box.height, height, seen.patch[0], seen.stride[0], seen.rows);
    const column = nearest((event.clientX - box.left) / box.width, width, seen.patch[1], seen.stride[1], seen.columns);
    const [y, x] = [row * seen.stride[0], column * seen.stride[1]];
    place(patch, [y, x, Math.min(seen.patch[0], height - y), Math.min(seen.patch[1], width - x)], [height, width]).hidden = false;
    const i = row * seen.columns + column;
    note.textContent = `This hidden: ${seen.class} ${percent(seen.probabilities[i])}` + (seen.said[i] === seen.class ? '' : `, the answer is ${seen.said[i]}`);
  });
  stage.addEventListener('pointerleave', () => { patch.hidden = true; note.replaceChildren(summary, hint); });
  const scale = make('div', { className: 'scale' }, '0 %', image(data.scale, ''), percent(seen.most));
  return make('div', {}, make('h3', {}, `Hiding parts: ${seen.class}`), stage, scale, note);
}
function showPicture() {
  const shown = picture();
  const answer = make('div', { className: 'answer' }, make('h3', {}, 'Most probable'));
  answer.append(shown.classes ? bars(shown.classes) : make('p', { className: 'small' }, `The model ends in ${times(data.layers.at(-1).shape)}, not in classes: there are no probabilities, and nothing that hiding parts could change.`));
  at('picture').replaceChildren(make('h2', {}, shown.name), make('div', {}, make('h3', {}, `Picture, ${height} × ${width}`), make('div', { className: 'stage' }, photo(shown.image, shown.name))), answer, ...(shown.occlusion ? [occlusion(shown.occlusion)] : []));
}

// A layer and its strongest maps.
function layerFacts(index) {
  const layer = data.layers[index], { active } = found(index);
  const count = layer.shape[0], what = isMaps(layer) ? 'maps' : 'features';
  const facts = [`${layer.kind}, ${isMaps(layer) ? `${count} maps of ${times(layer.shape.slice(1))}` : `${count} features`}`];
  if (layer.field) facts.push(`receptive field ${times(layer.field.size)}${layer.field.stride[0] > 0 ? `, step ${times(layer.field.stride)}` : ''}`);
  else facts.push('sees the whole picture');
  if (layer.parameters) facts.push(`${large(layer.parameters)} parameters`);
  if (layer.operations) facts.push(`${large(layer.operations)} operations`);
  facts.push(`${active} of ${count} ${what} active here`);
  return facts.join(' · ');
}
const isOutput = layer => layer === data.layers.at(-1) || (layer === data.layers.at(-2) && data.layers.at(-1).kind === 'Softmax');
const mapName = (layer, map) => isMaps(layer) ? `map ${map}` : data.names.length > 0 && isOutput(layer) ? data.names[map] : `feature ${map}`;
function pair(layer, map) {
  const views = [];
  if (map.image !== undefined) views.push(image(map.image, 'Feature map'));
  if (map.projection !== undefined) views.push(image(map.projection, 'Projection'));
  return make('div', { className: views.length < 2 ? 'pair one' : 'pair' }, ...views);
}
function tile(tag, layer, map, properties = {}) {
  return make(tag, { className: 'tile', ...properties }, pair(layer, map), make('span', {}, number(map.value)), mapName(layer, map.map));
}
function tiles(index, make_one) {
  const maps = found(index).maps;
  if (maps.length === 0) return make('p', { className: 'small' }, 'No activation above 0: there is nothing to project.');
  return make('div', { className: 'tiles' }, ...maps.map(make_one));
}
function showLayer() {
  const layer = data.layers[state.layer];
  at('layer').replaceChildren(make('h2', {}, `${state.layer}  ${layer.name}`), make('p', { className: 'facts' }, layerFacts(state.layer)),
    tiles(state.layer, (map, i) => tile('button', layer, map, { type: 'button', onclick: () => choose({ map: i }) })), make('div', { id: 'detail' }));
}

// One map: itself, its projection and the place of that in the picture, and what else excites it.
function views(layer, map) {
  const all = [], size = [height, width];
  if (map.image !== undefined && layer.shape[1] * layer.shape[2] > 1) {
    const unit = frame([map.y, map.x, 1, 1], layer.shape.slice(1));
    all.push(figure(make('div', { className: 'stage' }, image(map.image, 'Feature map'), unit), `Feature map; strongest at (${map.y}, ${map.x}): ${number(map.value)}`));
  }
  if (!map.field) return all;
  const [y, x, h, w] = map.field;
  const clear = () => photo(picture().image, picture().name);
  const whole = h === height && w === width;
  if (!whole) {
    const part = make('div', { className: 'stage' }, clear());
    part.style.aspectRatio = `${w} / ${h}`;
    Object.assign(part.firstChild.style, { position: 'absolute', maxWidth: 'none', width: 100 * width / w + '%', height: 100 * height / h + '%', left: -100 * x / w + '%', top: -100 * y / h + '%' });
    all.push(figure(make('div', { className: 'stage' }, image(map.projection, 'Projection')), `Projection of that unit, its ${h} × ${w} pixels`), figure(part, 'The same pixels of the picture'));
  }
  const placed = place(image(map.projection, 'Projection', { className: 'placed' }), map.field, size);
  const ground = make('div', { className: 'stage' }, placed);
  ground.style.aspectRatio = `${width} / ${height}`;
  const framed = make('div', { className: 'stage' }, clear(), ...(whole ? [] : [frame(map.field, size)]));
  all.push(figure(ground, whole ? 'Projection of that unit: it sees the whole picture' : 'Projection in its place'), figure(framed, whole ? 'The picture' : `Its place in the picture, from (${y}, ${x}) on`));
  return all;
}
function nines(layer, map) {
  const top = data.tops?.[state.layer]?.[map.map];
  if (!top) return [];
  if (top.length === 0) return [make('h3', {}, 'Nowhere in the data above 0')];
  const grid = key => make('div', { className: 'nine' }, ...top.map(entry => image(entry[key], entry.from, { title: `${entry.from}: ${number(entry.value)}` })));
  return [make('h3', {}, `The data's strongest for ${mapName(layer, map.map)}: ${number(top[0].value)} to ${number(top.at(-1).value)}`),
    make('div', { className: 'nines' }, figure(grid('patch'), 'Patches, the strongest first'), figure(grid('projection'), 'Their projections'))];
}
function showMap() {
  const layer = data.layers[state.layer], map = found().maps[state.map];
  const all = at('layer').querySelectorAll('.tile');
  all.forEach((one, i) => one.setAttribute('aria-pressed', i === state.map));
  at('detail').hidden = !map;
  if (map) at('detail').replaceChildren(make('h3', {}, `${layer.name}, ${mapName(layer, map.map)}`), make('div', { className: 'views' }, ...views(layer, map)), ...nines(layer, map));
}

// What is chosen: kept within bounds, shown, remembered in the address.
const inside = (value, count) => Math.max(0, Math.min(count - 1, Number.isInteger(value) ? value : 0));
function choose(change) {
  const before = found().maps[state.map]?.map, focused = document.activeElement?.classList.contains('tile');
  Object.assign(state, change);
  state.picture = inside(state.picture, data.pictures.length);
  state.layer = inside(state.layer, data.layers.length);
  if ('picture' in change && !('map' in change)) state.map = Math.max(0, found().maps.findIndex(map => map.map === before));
  if ('layer' in change && !('map' in change)) state.map = 0;
  state.map = inside(state.map, found().maps.length);
  if ('picture' in change) showPicture();
  if ('picture' in change || 'layer' in change) showLayer();
  showMap();
  mark(at('pictures'), state.picture);
  mark(at('layers'), state.layer);
  if (focused) at('layer').querySelectorAll('.tile')[state.map]?.focus();
  try { history.replaceState(null, '', `#${state.picture},${state.layer},${found().maps[state.map]?.map ?? 0}`); } catch {}
}
function mark(list, chosen) {
  [...list.children].forEach((button, i) => {
    if (button.getAttribute('aria-current') === String(i === chosen)) return;
    button.setAttribute('aria-current', i === chosen);
    if (i !== chosen || list.scrollWidth + list.scrollHeight <= list.clientWidth + list.clientHeight) return;
    const [box, own] = [list.getBoundingClientRect(), button.getBoundingClientRect()];
    list.scrollBy({ left: own.left - box.left - (box.width - own.width) / 2, top: own.top - box.top - (box.height - own.height) / 2 });
  });
}
function follow() {
  const [picture = 0, layer = Math.max(0, data.layers.findLastIndex(one => one.kind === 'ReLU' && isMaps(one))), map] = location.hash.slice(1).split(',').filter(part => /^\d+$/.test(part)).map(Number);
  choose({ picture, layer });
  const rank = found().maps.findIndex(one => one.map === map);
  if (rank > 0) choose({ map: rank });
}
document.addEventListener('keydown', event => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const inLayers = at('layers').contains(document.activeElement);
  const step = { ArrowLeft: ['map', -1], ArrowRight: ['map', 1], k: ['layer', -1], j: ['layer', 1], p: ['picture', -1], n: ['picture', 1], ...(inLayers ? { ArrowUp: ['layer', -1], ArrowDown: ['layer', 1] } : {}) }[event.key];
  if (step) choose({ [step[0]]: state[step[0]] + step[1] });
  else if (/^[1-9]$/.test(event.key)) { if (event.key <= data.pictures.length) choose({ picture: Number(event.key) - 1 }); }
  else return;
  event.preventDefault();
  if (inLayers) at('layers').children[state.layer].focus();
});
at('theme').addEventListener('click', () => {
  root.dataset.theme = root.dataset.theme === 'dark' ? 'light' : 'dark';
  try { localStorage.setItem('theme', root.dataset.theme); } catch {}
});
addEventListener('hashchange', follow);
// On paper all layers follow each other.
addEventListener('beforeprint', () => at('printout').replaceChildren(...data.layers.map((layer, index) => make('div', { className: 'card' },
  make('h2', {}, `${index}  ${layer.name}`), make('p', { className: 'facts' }, layerFacts(index)), tiles(index, map => tile('div', layer, map))))));
addEventListener('afterprint', () => at('printout').replaceChildren());

function notes() {
  const seen = data.pictures.find(one => one.occlusion)?.occlusion;
  const all = [`Maps: of each layer the ${data.most} with the largest activations in the picture (fewer where fewer have one above 0${data.most < 12 ? '; no more, so that a report of so large a model takes minutes' : ''}), strongest first. A feature map is dark where it is 0 and yellow at its largest value; one with negative values is blue there, white at 0 and red above.`,
    'Projections: the strongest unit of the map carried down to the picture by the deconvnet (Zeiler and Fergus 2014), with the switches of this picture, cropped to what the unit can see. Grey is zero; each has its own scale.'];
  if (seen) all.push(`Hiding parts: a patch of ${times(seen.patch)} pixels, filled with ${number(seen.fill)}, was put at ${seen.rows} × ${seen.columns} positions, ${seen.stride[0]} apart. The colour at the patch's centre is the probability that is left for the class; where patches have no centre, the picture shows.`);
  if (data.data) all.push(`Strongest in the data: for each map that is shown the nine of ${data.data.pictures} pictures in ${data.data.name} with the largest activation, and the projection of that activation. Grey lies beyond the picture's border.`);
  return all.map(text => make('p', { className: 'small' }, text));
}
document.title = `${data.model}: report`;
at('title').textContent = data.model;
const sum = key => large(data.layers.reduce((all, layer) => all + layer[key], 0));
at('about').textContent = `${data.layers.length} layers, ${sum('parameters')} parameters, ${sum('operations')} operations for a picture of ${times(data.input)}.`;
at('notes').replaceChildren(...notes());
at('pictures').replaceChildren(...data.pictures.map((one, i) => make('button', { type: 'button', title: one.name, onclick: () => choose({ picture: i }) }, image(one.image, ''), make('span', {}, one.name))));
at('layers').replaceChildren(...data.layers.map((layer, i) => make('button', { type: 'button', title: layer.name, onclick: () => choose({ layer: i }) }, make('i', {}, String(i)), make('b', {}, layer.name), make('span', {}, `${layer.kind} · ${times(layer.shape)}`))));
document.querySelector('nav').hidden = data.pictures.length < 2;
follow();
)";

}  // namespace tool::report_page
