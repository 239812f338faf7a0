// Appended to a copy of a report: clicks through everything, and says in the title how it went. `errors` was filled
// from the page's beginning; `expected` says how many layers and pictures there must be.
const problems = [];
const demand = (holds, what) => { if (!holds) problems.push(what); };
let maps = 0;

// Images load while the page does: what they hold is looked at when it has loaded.
const pictures = [];
function images(of) {
  for (const img of of.querySelectorAll('img')) {
    demand(img.src.startsWith('data:image/png;base64,'), `an image from ${img.src.slice(0, 40)}`);
    demand(img.hasAttribute('alt'), 'an image without a text');
    pictures.push(img);
  }
}
const chosen = list => [...at(list).children].findIndex(one => one.getAttribute('aria-current') === 'true');
const pressed = () => [...at('layer').querySelectorAll('.tile')].findIndex(one => one.getAttribute('aria-pressed') === 'true');
const key = key => document.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));

function layers() {
  for (const [i, button] of [...at('layers').children].entries()) {
    button.click();
    demand(chosen('layers') === i, `layer ${i} is not chosen when clicked`);
    const tiles = [...at('layer').querySelectorAll('button.tile')];
    demand(tiles.length === data.pictures[state.picture].layers[i].maps.length, `layer ${i} shows ${tiles.length} maps`);
    for (const [k, tile] of tiles.entries()) {
      tile.click();
      demand(pressed() === k, `map ${k} of layer ${i} is not chosen when clicked`);
      demand(at('detail').querySelectorAll('figure').length > 0, `map ${k} of layer ${i} shows nothing`);
      demand(location.hash.length > 1, 'the address does not follow');
      ++maps;
    }
    images(at('layer'));
    demand(document.documentElement.scrollWidth <= innerWidth, `layer ${i} is wider than the window`);
  }
}

function keys() {
  key('1'); at('layers').firstChild.click();
  key('n'); demand(chosen('pictures') === 1, 'n');
  key('p'); demand(chosen('pictures') === 0, 'p');
  key('p'); demand(chosen('pictures') === 0, 'p at the first picture');
  key('2'); demand(chosen('pictures') === 1, '2');
  key('9'); demand(chosen('pictures') === 1, '9 of fewer pictures');
  key('j'); demand(chosen('layers') === 1, 'j');
  key('k'); demand(chosen('layers') === 0, 'k');
  const last = at('layer').querySelectorAll('.tile').length - 1;
  key('ArrowRight'); demand(pressed() === Math.min(1, last), 'right');
  for (let i = 0; i < 40; ++i) key('ArrowRight');
  demand(pressed() === last, 'right at the last map');
  for (let i = 0; i < 40; ++i) key('ArrowLeft');
  demand(pressed() === 0, 'left at the first map');
}

function rest() {
  const before = root.dataset.theme;
  at('theme').click(); demand(root.dataset.theme !== before, 'the theme does not change');
  at('theme').click(); demand(root.dataset.theme === before, 'the theme does not change back');
  const stage = [...at('picture').querySelectorAll('.stage')].at(-1), box = stage.getBoundingClientRect();
  const note = at('picture').querySelector('.note'), words = note.textContent;
  for (const share of [0, 0.5, 1]) {
    stage.dispatchEvent(new PointerEvent('pointermove', { clientX: box.left + share * box.width, clientY: box.top + share * box.height }));
    demand(note.textContent.startsWith('This hidden'), 'hiding by the pointer says nothing');
  }
  stage.dispatchEvent(new PointerEvent('pointerleave'));
  demand(note.textContent === words, 'the note does not come back');
  dispatchEvent(new Event('beforeprint'));
  demand(at('printout').children.length === expected.layers, 'not all layers are printed');
  dispatchEvent(new Event('afterprint'));
  demand(at('printout').children.length === 0, 'the printout stays');
}

function click() {
  demand(at('layers').children.length === expected.layers, `${at('layers').children.length} layers`);
  demand(at('pictures').children.length === expected.pictures, `${at('pictures').children.length} pictures`);
  for (const [i, button] of [...at('pictures').children].entries()) {
    button.click();
    demand(chosen('pictures') === i, `picture ${i} is not chosen when clicked`);
    demand(at('picture').querySelector('h2').textContent === data.pictures[i].name, 'the name of a picture');
    demand(at('picture').querySelectorAll('.bars dt').length > 0, 'no classes');
    images(at('picture'));
    layers();
  }
  keys();
  rest();
  demand(maps > 0 && pictures.length > 0, 'nothing was seen');
  demand(document.querySelectorAll('[onerror], iframe, object, embed, link[rel=stylesheet]').length === 0, 'elements that nobody made');
  demand(performance.getEntriesByType('resource').every(one => one.name.startsWith('data:')), 'something was loaded');
}

try { click(); } catch (error) { problems.push(String(error)); }
addEventListener('load', () => {
  for (const img of pictures) demand(img.complete && img.naturalWidth > 0, 'an image that is none');
  problems.push(...errors);
  document.title = problems.length > 0 ? `clicked: ${[...new Set(problems)].slice(0, 5).join('; ')}` : `clicked: ok, ${maps} maps, ${pictures.length} images`;
});
