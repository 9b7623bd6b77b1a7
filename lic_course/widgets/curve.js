// The rate-distortion curve of the explorer: both codecs on this picture, and where they are now.

function drawCurve(svg, curves) {
  const all = SIDES.flatMap((side) => curves[side]?.points ?? []);
  const box = { left: 38, right: 330, top: 14, bottom: 158 };
  if (!all.length) { svg.replaceChildren(); return; }
  const rates = all.map((p) => p[0]), quality = all.map((p) => p[1]);
  const [x0, x1] = range(rates.map(Math.log2), 3, 0.2), [y0, y1] = range(quality, 10, 1);
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

function range(values, least, margin) { // of an axis: at least so long, with a margin
  const low = Math.min(...values), high = Math.max(...values);
  const more = Math.max(0, least - (high - low)) / 2 + margin;
  return [low - more, high + more];
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
