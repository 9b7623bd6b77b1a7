// The stage of the explorer: two pictures under one wipe, with common zoom and pan.

function makeStage(find, signal) {
  const stage = find(".lic-stage"), handle = find(".lic-handle");
  const canvases = [...stage.querySelectorAll("canvas")];
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
    for (const canvas of canvases) {
      canvas.style.transform = `translate(${left}px, ${top}px) scale(${scale})`;
      canvas.style.imageRendering = scale * devicePixelRatio > 1.5 ? "pixelated" : "auto";
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
