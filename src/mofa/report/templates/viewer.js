// A small structure viewer: ball and stick on a 2-D canvas. Drag or arrow keys rotate, wheel or pinch zooms,
// double click resets. A scene holds e (element table), a (element index per atom), x (0.01 Å, flat), b (bonds, flat),
// c (cell edges, 0.01 Å, flat) and q (charges, 0.001 e).
"use strict";

const FOG_LEVELS = 12;
const START = [-0.42, -0.3];

function rotation(yaw, pitch) {
  const [cy, sy, cp, sp] = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)];
  // Screen x, y and the depth axis that points to the viewer; the c axis of the crystal stands upright.
  return [cy, sy, 0, sp * sy, -sp * cy, cp, cp * sy, -cp * cy, -sp];
}

function rgb(hex) {
  return [1, 3, 5].map((k) => parseInt(hex.slice(k, k + 2), 16));
}

function mixed(from, to, share) {
  return from.map((v, k) => Math.round(v + (to[k] - v) * share));
}

const css = (color) => `rgb(${color.join(",")})`;

function chargeColor(charge, span) {
  const share = Math.min(1, Math.abs(charge) / span);
  return mixed([226, 226, 224], charge > 0 ? [46, 94, 158] : [178, 58, 54], Math.sqrt(share));
}

class Viewer {
  constructor(canvas, scene) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.byCharge = false;
    [this.yaw, this.pitch, this.zoom] = [...START, 1];
    this.load(scene);
    this.listen();
    new ResizeObserver(() => this.draw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.repaint());
  }

  load(scene) {
    this.scene = scene;
    const n = scene.a.length;
    const points = scene.x.map((v) => v / 100);
    const edges = scene.c.map((v) => v / 100);
    const center = [0, 1, 2].map((k) => {
      const values = edges.filter((_, m) => m % 3 === k);
      return (Math.min(...values) + Math.max(...values)) / 2;
    });
    this.points = points.map((v, m) => v - center[m % 3]);
    this.edges = edges.map((v, m) => v - center[m % 3]);
    this.radius = 1;
    for (let k = 0; k < n; k++) {
      this.radius = Math.max(this.radius, Math.hypot(...this.points.slice(3 * k, 3 * k + 3)));
    }
    this.repaint();
  }

  reset() {
    [this.yaw, this.pitch, this.zoom] = [...START, 1];
    this.draw();
  }

  repaint() {
    this.sprites = new Map();
    const background = getComputedStyle(this.canvas).getPropertyValue("--canvas").trim();
    this.background = rgb(background || "#ffffff");
    this.draw();
  }

  color(atom) {
    const { e, a, q } = this.scene;
    return this.byCharge ? chargeColor(q[atom] / 1000, this.scene.span) : rgb(e[a[atom]].color);
  }

  // A shaded ball, painted once for each colour and fog level.
  sprite(color, fog) {
    const key = `${color}|${fog}`;
    if (!this.sprites.has(key)) {
      const side = 96;
      const sheet = Object.assign(document.createElement("canvas"), { width: side, height: side });
      const brush = sheet.getContext("2d");
      const faded = (shade) => css(mixed(shade, this.background, (0.78 * fog) / FOG_LEVELS));
      const light = brush.createRadialGradient(side * 0.37, side * 0.33, side * 0.02, side / 2, side / 2, side / 2);
      light.addColorStop(0, faded(mixed(color, [255, 255, 255], 0.62)));
      light.addColorStop(0.45, faded(color));
      light.addColorStop(1, faded(mixed(color, [0, 0, 0], 0.42)));
      brush.fillStyle = light;
      brush.beginPath();
      brush.arc(side / 2, side / 2, side / 2 - 1, 0, 2 * Math.PI);
      brush.fill();
      this.sprites.set(key, sheet);
    }
    return this.sprites.get(key);
  }

  project(points, scale, width, height) {
    const r = rotation(this.yaw, this.pitch);
    const away = 3.6 * this.radius;
    const out = new Float64Array((points.length / 3) * 4);
    for (let k = 0, m = 0; k < points.length; k += 3, m += 4) {
      const [x, y, z] = [points[k], points[k + 1], points[k + 2]];
      const depth = r[6] * x + r[7] * y + r[8] * z;
      const near = (scale * away) / (away - depth);
      out[m] = width / 2 + near * (r[0] * x + r[1] * y + r[2] * z);
      out[m + 1] = height / 2 - near * (r[3] * x + r[4] * y + r[5] * z);
      out[m + 2] = depth;
      out[m + 3] = near;
    }
    return out;
  }

  // Everything visible as [depth, paint], to be painted from far to near.
  layers(scale, width, height) {
    const { e, a, b } = this.scene;
    const at = this.project(this.points, scale, width, height);
    const corner = this.project(this.edges, scale, width, height);
    const jobs = [];
    for (let k = 0; k < a.length; k++) {
      const m = 4 * k;
      jobs.push([at[m + 2], () => this.ball(at, m, e[a[k]].radius, this.color(k))]);
    }
    for (let k = 0; k < b.length; k += 2) {
      const [i, j] = [4 * b[k], 4 * b[k + 1]];
      const half = [0, 1, 2, 3].map((c) => (at[i + c] + at[j + c]) / 2);
      jobs.push([(at[i + 2] + half[2]) / 2 - 0.05, () => this.stick(at.subarray(i, i + 4), half, this.color(b[k]))]);
      jobs.push([(at[j + 2] + half[2]) / 2 - 0.05, () => this.stick(at.subarray(j, j + 4), half, this.color(b[k + 1]))]);
    }
    for (let k = 0; k < corner.length; k += 8) {
      const [p, q] = [corner.subarray(k, k + 4), corner.subarray(k + 4, k + 8)];
      for (let part = 0; part < 12; part++) {
        const [u, v] = [part, part + 1].map((s) => [0, 1, 2].map((c) => p[c] + ((q[c] - p[c]) * s) / 12));
        jobs.push([(u[2] + v[2]) / 2, () => this.edge(u, v)]);
      }
    }
    return jobs.sort((one, other) => one[0] - other[0]);
  }

  fog(depth) {
    return Math.round(FOG_LEVELS * Math.min(1, Math.max(0, 0.5 - depth / (1.7 * this.radius))));
  }

  ball(at, m, radius, color) {
    const size = radius * at[m + 3];
    this.context.drawImage(this.sprite(color, this.fog(at[m + 2])), at[m] - size, at[m + 1] - size, 2 * size, 2 * size);
  }

  stick(from, to, color) {
    const fog = (0.78 * this.fog((from[2] + to[2]) / 2)) / FOG_LEVELS;
    const shades = [[0.26, mixed(color, [0, 0, 0], 0.32)], [0.16, color], [0.05, mixed(color, [255, 255, 255], 0.4)]];
    for (const [thickness, shade] of shades) {
      this.line(from, to, thickness * from[3], css(mixed(shade, this.background, fog)));
    }
  }

  edge(from, to) {
    const ink = mixed([128, 134, 142], this.background, (0.7 * this.fog((from[2] + to[2]) / 2)) / FOG_LEVELS);
    this.line(from, to, 1, css(ink));
  }

  line(from, to, width, style) {
    const pen = this.context;
    pen.strokeStyle = style;
    pen.lineWidth = width;
    pen.beginPath();
    pen.moveTo(from[0], from[1]);
    pen.lineTo(to[0], to[1]);
    pen.stroke();
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width || !this.background) return;
    const density = Math.min(3, devicePixelRatio || 1);
    [this.canvas.width, this.canvas.height] = [Math.round(width * density), Math.round(height * density)];
    this.context.setTransform(density, 0, 0, density, 0, 0);
    const scale = (this.zoom * 0.45 * Math.min(width, height)) / this.radius;
    for (const [, paint] of this.layers(scale, width, height)) paint();
  }

  turn(dx, dy) {
    this.yaw += dx;
    this.pitch = Math.max(-1.57, Math.min(1.57, this.pitch - dy));
    this.draw();
  }

  scaleBy(factor) {
    this.zoom = Math.max(0.5, Math.min(8, this.zoom * factor));
    this.draw();
  }

  listen() {
    const held = new Map();
    const spread = () => {
      const [p, q] = [...held.values()];
      return Math.hypot(p.x - q.x, p.y - q.y);
    };
    this.canvas.addEventListener("pointerdown", (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      held.set(event.pointerId, { x: event.clientX, y: event.clientY });
    });
    this.canvas.addEventListener("pointermove", (event) => {
      const last = held.get(event.pointerId);
      if (!last) return;
      const before = held.size > 1 ? spread() : 0;
      held.set(event.pointerId, { x: event.clientX, y: event.clientY });
      if (before) this.scaleBy(spread() / before);
      else this.turn((event.clientX - last.x) / 140, (event.clientY - last.y) / 140);
    });
    for (const end of ["pointerup", "pointercancel"]) {
      this.canvas.addEventListener(end, (event) => held.delete(event.pointerId));
    }
    this.canvas.addEventListener("dblclick", () => this.reset());
    this.canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.scaleBy(Math.exp(-event.deltaY / 500));
    }, { passive: false });
    const steps = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1] };
    this.canvas.addEventListener("keydown", (event) => {
      if (!steps[event.key]) return;
      event.preventDefault();
      this.turn(...steps[event.key]);
    });
  }
}

function showStructure(figure) {
  const canvas = figure.querySelector("canvas");
  if (canvas.viewer) return;
  canvas.viewer = new Viewer(canvas, JSON.parse(document.getElementById(figure.dataset.scene).textContent));
  for (const button of figure.querySelectorAll("button[data-color]")) {
    button.addEventListener("click", () => {
      canvas.viewer.byCharge = button.dataset.color === "charge";
      canvas.viewer.draw();
      for (const entry of figure.querySelectorAll("[data-legend]")) {
        entry.hidden = entry.dataset.legend !== button.dataset.color;
      }
      for (const other of figure.querySelectorAll("button[data-color]")) {
        other.setAttribute("aria-pressed", String(other === button));
      }
    });
  }
}
