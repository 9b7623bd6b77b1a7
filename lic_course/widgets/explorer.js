// The browser's half of the bitrate explorer: draws what explorer.py says, reports what you do.
// The browser gets stage.js, curve.js and this file as one module.

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
          <div class="lic-pane lic-right"><canvas role="img" aria-label="right side"></canvas></div>
          <div class="lic-pane lic-left"><canvas role="img" aria-label="left side"></canvas></div>
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
  changed("answers", () => {
    find(".lic-stage").classList.remove("lic-busy");
  });
  changed("size", () => stage.resize(...model.get("size")));
  for (const side of SIDES) {
    changed(side + "_image", () => {
      paint(find(`.lic-pane.lic-${side} canvas`), model.get(side + "_image"), model.get("size"));
    });
  }
  takePictures(model, find);
  model.send({ kind: "seen" });
  return () => stop.abort();
}

function paint(canvas, data, [width, height]) { // data: width × height gray or RGB samples
  const samples = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const channels = samples.length / (width * height);
  const image = new ImageData(width, height);
  const rgba = new Uint32Array(image.data.buffer); // as bytes: red, green, blue, opacity
  const [green, blue] = channels === 3 ? [1, 2] : [0, 0];
  for (let pixel = 0, at = 0; pixel < rgba.length; pixel += 1, at += channels) {
    rgba[pixel] = 0xff000000 | (samples[at + blue] << 16) | (samples[at + green] << 8) | samples[at];
  }
  Object.assign(canvas, { width, height });
  canvas.getContext("2d").putImageData(image, 0, 0);
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
    changed(`${side}_codec ${side}`, () => {
      const { rows = {} } = model.get(side);
      find(`.lic-tag.lic-${side}`).textContent =
        model.get(side + "_codec") + (rows.bytes ? ` · ${rows.bytes} bytes` : "");
    });
  }
  for (const name of ["message", "legend"]) {
    changed(name, () => { find(".lic-" + name).textContent = model.get(name); });
  }
}

export default { render };
