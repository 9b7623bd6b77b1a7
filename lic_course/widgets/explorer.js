// The browser's half of the bitrate explorer: draws what explorer.py says, reports what you do.

const SIDES = ["left", "right"];
const ROWS = [
  ["bytes", "bytes", "size of the complete file"],
  ["percent", "of the other", "bytes, relative to the other side"],
  ["bpp", "bits per pixel", "8 × bytes / pixels"],
  ["psnr", "PSNR", "peak signal-to-noise ratio over R, G and B"],
  ["ms_ssim", "MS-SSIM", "multi-scale structural similarity, at most 1"],
  ["encode", "encode", "time on this machine"],
  ["decode", "decode", "time on this machine"],
];
const KEYS = "← → move the wipe · + − zoom · 0 fits · Shift with arrows pans";
const QUIET = 'data-lm-suppress-shortcuts="true"'; // JupyterLab then leaves the arrow keys alone

const choices = (name, values) =>
  `<fieldset class="lic-choice" aria-label="${name}">` +
  values.map((value) => `<label><input type="radio" ${QUIET} value="${value}"
    data-choice="${name}"><span>${value}</span></label>`).join("") + "</fieldset>";

const sideHead = (side) => `
  <div class="lic-head lic-${side}">
    <select ${QUIET} data-codec="${side}" aria-label="codec on the ${side}"></select>
    <label class="lic-quality"><span>quality</span><output></output>
      <input type="range" ${QUIET} min="1" max="100" step="1" data-quality="${side}"
        aria-label="quality on the ${side}"></label>
  </div>`;

const PAGE = `
  <div class="lic-bar">
    <label>picture <select ${QUIET} class="lic-picture" aria-label="picture"></select></label>
    <input type="text" ${QUIET} class="lic-path" placeholder="path of a picture, then Enter"
      aria-label="path of a picture on this machine">
    <button type="button" ${QUIET} class="lic-upload">Upload…</button>
    <input type="file" accept="image/*,.heic,.avif,.jxl,.tif,.tiff" hidden>
  </div>
  <div class="lic-bar">
    <span class="lic-named">lock ${choices("lock", ["free", "equal bytes", "equal PSNR"])}</span>
    <span class="lic-named">view ${choices("view", ["picture", "error", "bits per block"])}</span>
  </div>
  <div class="lic-main">
    <div class="lic-show">
      <div class="lic-frame">
        <div class="lic-stage" ${QUIET} tabindex="0" role="slider" aria-label="wipe between left and right"
          aria-valuemin="0" aria-valuemax="100">
          <div class="lic-pane lic-right"><img alt="right side" draggable="false"></div>
          <div class="lic-pane lic-left"><img alt="left side" draggable="false"></div>
          <div class="lic-handle"></div>
          <span class="lic-keys">${KEYS}</span>
          <span class="lic-tag lic-left"></span><span class="lic-tag lic-right"></span>
        </div>
        <div class="lic-zoom">
          <button type="button" ${QUIET} data-zoom="out" aria-label="zoom out">−</button>
          <output aria-live="polite"></output>
          <button type="button" ${QUIET} data-zoom="in" aria-label="zoom in">+</button>
          <button type="button" ${QUIET} data-zoom="fit">fit</button>
        </div>
      </div>
      <p class="lic-message" role="status"></p>
      <p class="lic-legend"></p>
    </div>
    <div class="lic-panel">
      <div class="lic-heads">${SIDES.map(sideHead).join("")}</div>
      <div class="lic-measures">
      <table class="lic-numbers"><tbody>${ROWS.map(([key, name, help]) =>
        `<tr title="${help}"><td data-cell="left-${key}"></td><th scope="row">${name}</th>
          <td data-cell="right-${key}"></td></tr>`).join("")}
      </tbody></table>
      <svg class="lic-curve" viewBox="0 0 340 190" role="img"></svg>
      </div>
    </div>
  </div>
  <div class="lic-about"><p class="lic-left"></p><p class="lic-right"></p></div>`;

function render({ model, el }) {
  el.innerHTML = `<div class="lic-explorer">${PAGE}</div>`;
  const find = (selector) => el.querySelector(selector);
  const stop = new AbortController();
  const changed = (names, draw) => {
    const event = names.split(" ").map((name) => "change:" + name).join(" ");
    model.on(event, draw);
    stop.signal.addEventListener("abort", () => model.off(event, draw));
    draw();
  };
  const tell = (name, value) => {
    model.set(name, value);
    model.save_changes();
    find(".lic-stage").classList.add("lic-busy");
  };
  const stage = makeStage(find, stop.signal);

  drawMenus(model, find, changed, tell);
  drawNumbers(model, find, changed);
  changed("curves", () => drawCurve(find(".lic-curve"), model.get("curves")));
  find(".lic-curve").addEventListener("click", (event) => {
    const near = event.target.closest("[data-side]");
    if (near) tell(near.dataset.side + "_quality", Number(near.dataset.quality));
  });
  changed("left right left_image right_image message", () => {
    find(".lic-stage").classList.remove("lic-busy");
  });
  changed("size", () => stage.resize(...model.get("size")));
  const urls = {};
  for (const side of SIDES) {
    changed(side + "_image", () => {
      URL.revokeObjectURL(urls[side]);
      urls[side] = URL.createObjectURL(new Blob([model.get(side + "_image")], { type: "image/bmp" }));
      find(`.lic-pane.lic-${side} img`).src = urls[side];
    });
  }
  takePictures(model, find);
  model.send({ kind: "seen" });
  return () => { stop.abort(); Object.values(urls).forEach((url) => URL.revokeObjectURL(url)); };
}

// ---- menus, sliders, locks -------------------------------------------------------------------

function drawMenus(model, find, changed, tell) {
  const list = (select, options, chosen) => {
    select.replaceChildren(...options.map(({ name, problem }) => {
      const option = new Option(problem ? `${name} (not here)` : name, name, false, name === chosen);
      option.disabled = Boolean(problem);
      option.title = problem || "";
      return option;
    }));
  };
  const picture = find(".lic-picture");
  changed("pictures picture", () => list(picture, model.get("pictures").map((name) => ({ name })),
    model.get("picture")));
  picture.addEventListener("change", () => tell("picture", picture.value));

  for (const side of SIDES) {
    const [codec, quality] = [side + "_codec", side + "_quality"];
    const select = find(`[data-codec=${side}]`), slider = find(`[data-quality=${side}]`);
    const readout = slider.parentElement.querySelector("output");
    changed(`codecs ${codec}`, () => {
      list(select, model.get("codecs"), model.get(codec));
      const now = model.get("codecs").find(({ name }) => name === model.get(codec));
      slider.disabled = !(now && now.adjustable);
      slider.parentElement.classList.toggle("lic-off", slider.disabled);
    });
    changed(`${quality} ${codec} ${side}`, () => {
      slider.value = model.get(quality);
      readout.textContent = slider.disabled ? "–" : model.get(quality);
      slider.setAttribute("aria-valuetext",
        `${model.get(quality)}, ${(model.get(side).rows || {}).bytes} bytes`);
    });
    select.addEventListener("change", () => tell(codec, select.value));
    slider.addEventListener("input", () => {
      readout.textContent = slider.value;
      tell(quality, Number(slider.value));
    });
  }
  for (const name of ["lock", "view"]) {
    const inputs = [...find(`[aria-label=${name}]`).querySelectorAll("input")];
    const group = `lic-${name}-${Math.random()}`; // radio buttons of two explorers stay apart
    inputs.forEach((input) => {
      input.name = group;
      input.addEventListener("change", () => tell(name, input.value));
    });
    changed(name, () => inputs.forEach((i) => { i.checked = i.value === model.get(name); }));
  }
}

function takePictures(model, find) {
  const path = find(".lic-path"), file = find("input[type=file]");
  const say = (text) => { find(".lic-message").textContent = text; };
  path.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Enter" && path.value.trim()) model.send({ kind: "path", path: path.value });
  });
  find(".lic-upload").addEventListener("click", () => file.click());
  file.addEventListener("change", async () => {
    const [chosen] = file.files;
    file.value = "";
    if (!chosen) return;
    if (chosen.size > 8e6) {
      say(`${chosen.name} has ${(chosen.size / 1e6).toFixed(1)} MB, too much to upload: ` +
        "put it beside the notebook and type its path instead.");
      return;
    }
    const data = await chosen.arrayBuffer();
    model.send({ kind: "upload", name: chosen.name }, undefined, [data]);
  });
}

// ---- numbers and sentences -------------------------------------------------------------------

function drawNumbers(model, find, changed) {
  for (const side of SIDES) {
    changed(side, () => {
      const { rows = {}, summary, lesson, problem } = model.get(side);
      for (const [key] of ROWS) find(`[data-cell=${side}-${key}]`).textContent = rows[key] ?? "–";
      const about = find(`.lic-about .lic-${side}`);
      about.textContent = problem || `${summary} See lesson ${lesson}.`;
      about.classList.toggle("lic-problem", Boolean(problem));
    });
    changed(`${side}_codec`, () => {
      find(`.lic-tag.lic-${side}`).textContent = model.get(side + "_codec");
    });
  }
  for (const name of ["message", "legend"]) {
    changed(name, () => { find(".lic-" + name).textContent = model.get(name); });
  }
}

// ---- the rate-distortion curve ---------------------------------------------------------------

function drawCurve(svg, curves) {
  const all = SIDES.flatMap((side) => curves[side]?.points ?? []);
  const box = { left: 38, right: 330, top: 14, bottom: 158 };
  if (!all.length) { svg.replaceChildren(); return; }
  const rates = all.map((p) => p[0]), quality = all.map((p) => p[1]);
  const x0 = Math.log2(Math.min(...rates)) - 0.2, x1 = Math.log2(Math.max(...rates)) + 0.2;
  const y0 = Math.min(...quality) - 1, y1 = Math.max(...quality) + 1;
  const x = (bpp) => box.left + (Math.log2(bpp) - x0) / (x1 - x0) * (box.right - box.left);
  const y = (db) => box.bottom - (db - y0) / (y1 - y0) * (box.bottom - box.top);
  const ticksX = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20].filter((b) => Math.log2(b) > x0 && Math.log2(b) < x1);
  const step = y1 - y0 > 24 ? 10 : y1 - y0 > 9 ? 5 : 2;
  const ticksY = [];
  for (let t = Math.ceil(y0 / step) * step; t < y1; t += step) ticksY.push(t);
  const axes =
    ticksX.map((t) => `<path class="lic-grid" d="M${x(t)} ${box.top}V${box.bottom}"/>
      <text x="${x(t)}" y="${box.bottom + 13}" text-anchor="middle">${t}</text>`).join("") +
    ticksY.map((t) => `<path class="lic-grid" d="M${box.left} ${y(t)}H${box.right}"/>
      <text x="${box.left - 5}" y="${y(t) + 3.5}" text-anchor="end">${t}</text>`).join("") +
    `<text x="${(box.left + box.right) / 2}" y="186" text-anchor="middle">bits per pixel</text>
     <text x="${box.left - 5}" y="8" text-anchor="end">dB</text>`;
  svg.innerHTML = axes + SIDES.map((side) => drawSide(side, curves[side], x, y)).join("");
  svg.setAttribute("aria-label", "PSNR against bits per pixel: " + SIDES.map((side) => {
    const now = curves[side].points.find((p) => p[2] === curves[side].quality);
    return now ? `${curves[side].name} at ${now[0].toFixed(2)} bpp and ${now[1].toFixed(1)} dB` : "";
  }).filter(Boolean).join("; "));
}

function drawSide(side, curve, x, y) {
  const line = curve.points.map(([bpp, db]) => `${x(bpp).toFixed(1)},${y(db).toFixed(1)}`).join(" ");
  const mark = ([bpp, db, q]) => {
    const here = q === curve.quality;
    const large = side === "left" ? 7 : 5; // where both are at one place, both are seen
    const [cx, cy, r] = [x(bpp), y(db), here ? large : 2.2];
    const shape = side === "left" ? `<circle cx="${cx}" cy="${cy}" r="${r}"/>`
      : `<rect x="${cx - r * 0.9}" y="${cy - r * 0.9}" width="${r * 1.8}" height="${r * 1.8}"/>`;
    return `<g data-side="${side}" data-quality="${q}" class="${here ? "lic-here" : ""}">
      <title>${curve.name}, quality ${q}: ${bpp.toFixed(3)} bpp, ${db.toFixed(2)} dB</title>
      <circle class="lic-target" cx="${cx}" cy="${cy}" r="7"/>${shape}</g>`;
  };
  const last = curve.points.filter((p) => p[2] === curve.quality);
  const rest = curve.points.filter((p) => p[2] !== curve.quality);
  return `<g class="lic-line lic-${side}"><polyline points="${line}"/>${[...rest, ...last].map(mark).join("")}</g>`;
}

// ---- the stage: wipe, zoom, pan --------------------------------------------------------------

function makeStage(find, signal) {
  const stage = find(".lic-stage"), handle = find(".lic-handle");
  const images = [...stage.querySelectorAll("img")];
  const view = { width: 1, height: 1, zoom: 0, x: 0.5, y: 0.5, wipe: 50 }; // zoom 0: fit; x, y: center
  const fitting = () => Math.min(stage.clientWidth / view.width, stage.clientHeight / view.height);
  const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

  function geometry() {
    const scale = view.zoom || fitting();
    const place = (center, side, room) => {
      const length = side * scale;
      return length <= room ? (room - length) / 2 : clamp(room / 2 - center * length, room - length, 0);
    };
    const left = place(view.x, view.width, stage.clientWidth);
    const top = place(view.y, view.height, stage.clientHeight);
    const from = Math.max(0, left), to = Math.min(stage.clientWidth, left + view.width * scale);
    return { scale, left, top, from, to };
  }

  function draw() {
    const { scale, left, top, from, to } = geometry();
    for (const image of images) {
      image.style.width = view.width + "px";
      image.style.height = view.height + "px";
      image.style.transform = `translate(${left}px, ${top}px) scale(${scale})`;
      image.style.imageRendering = scale * devicePixelRatio > 1.5 ? "pixelated" : "auto";
    }
    const at = from + (to - from) * view.wipe / 100;
    stage.querySelector(".lic-pane.lic-left").style.clipPath =
      `inset(0 ${stage.clientWidth - at}px 0 0)`;
    handle.style.left = at + "px";
    stage.setAttribute("aria-valuenow", Math.round(view.wipe));
    stage.classList.toggle("lic-zoomed", scale > fitting() * 1.001);
    find(".lic-zoom output").textContent = Math.round(100 * scale) + " %";
  }

  function zoomBy(factor, atX = stage.clientWidth / 2, atY = stage.clientHeight / 2) {
    const before = geometry();
    const next = clamp(before.scale * factor, Math.min(fitting(), 1), 32);
    const px = (atX - before.left) / before.scale, py = (atY - before.top) / before.scale;
    view.x = (px + (stage.clientWidth / 2 - atX) / next) / view.width;
    view.y = (py + (stage.clientHeight / 2 - atY) / next) / view.height;
    view.zoom = next <= fitting() * 1.001 ? 0 : next;
    keepCenter(next);
    draw();
  }

  function keepCenter(scale) { // so that panning back answers at once
    const reach = (side, room) => Math.min(0.5, room / 2 / (side * scale));
    const [rx, ry] = [reach(view.width, stage.clientWidth), reach(view.height, stage.clientHeight)];
    view.x = clamp(view.x, rx, 1 - rx);
    view.y = clamp(view.y, ry, 1 - ry);
  }

  function pan(dx, dy) {
    const { scale } = geometry();
    view.x -= dx / (view.width * scale);
    view.y -= dy / (view.height * scale);
    keepCenter(scale);
    draw();
  }

  const fit = () => { view.zoom = 0; view.x = view.y = 0.5; draw(); };
  const wipeTo = (value) => { view.wipe = clamp(value, 0, 100); draw(); };
  const wipeAt = (x) => {
    const { from, to } = geometry();
    wipeTo(100 * (x - from) / Math.max(1, to - from));
  };

  const keys = {
    ArrowLeft: () => wipeTo(view.wipe - 2), ArrowRight: () => wipeTo(view.wipe + 2),
    Home: () => wipeTo(0), End: () => wipeTo(100),
    PageDown: () => wipeTo(view.wipe - 10), PageUp: () => wipeTo(view.wipe + 10),
    "+": () => zoomBy(1.5), "=": () => zoomBy(1.5), "-": () => zoomBy(1 / 1.5), 0: fit,
  };
  const panKeys = {
    ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60],
  };
  stage.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const arrow = event.shiftKey && panKeys[event.key];
    const action = arrow ? () => pan(...arrow) : keys[event.key];
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  });

  stage.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && document.activeElement !== stage) return; // else the page scrolls
    event.preventDefault();
    const box = stage.getBoundingClientRect();
    zoomBy(Math.exp(-event.deltaY / 400), event.clientX - box.left, event.clientY - box.top);
  }, { passive: false });

  stage.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    stage.focus({ preventScroll: true });
    stage.setPointerCapture(event.pointerId);
    const box = stage.getBoundingClientRect();
    const wiping = !stage.classList.contains("lic-zoomed") || event.target === handle;
    let [lastX, lastY] = [event.clientX, event.clientY];
    const move = (e) => {
      if (wiping) wipeAt(e.clientX - box.left); else pan(e.clientX - lastX, e.clientY - lastY);
      [lastX, lastY] = [e.clientX, e.clientY];
    };
    const up = () => { stage.removeEventListener("pointermove", move); };
    if (wiping && event.target !== handle) move(event);
    stage.addEventListener("pointermove", move);
    stage.addEventListener("pointerup", up, { once: true });
    stage.addEventListener("pointercancel", up, { once: true });
    event.preventDefault();
  });

  find(".lic-zoom").addEventListener("click", ({ target }) => {
    const how = target.dataset.zoom;
    if (how === "fit") fit(); else if (how) zoomBy(how === "in" ? 1.5 : 1 / 1.5);
  });

  const watcher = new ResizeObserver(draw);
  watcher.observe(stage);
  signal.addEventListener("abort", () => watcher.disconnect());
  return {
    resize(width, height) {
      if (width === view.width && height === view.height) return;
      Object.assign(view, { width, height });
      stage.style.setProperty("--lic-aspect", height / width);
      fit();
    },
  };
}

export default { render };
