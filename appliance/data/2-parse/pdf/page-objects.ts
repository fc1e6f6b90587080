import type { Box } from '../../document.ts';
import { apply, IDENTITY, type Matrix, mapRect, multiply } from './page-frame.ts';
import type { Pdfium } from './pdfium.ts';

export interface Colour {
  r: number;
  g: number;
  b: number;
  a: number;
}

/** A straight line, horizontal or upright, `from` ≤ `to` along its direction, `at` across it. */
export interface Rule {
  upright: boolean;
  at: number;
  from: number;
  to: number;
}

/** A filled rectangle or an image, with its place in the drawing order. */
export interface Area {
  box: Box;
  order: number;
  /** Null for an image. */
  fill: Colour | null;
}

/** What is drawn on a page beside its text, in the coordinates of a frame. */
export interface PageObjects {
  /** By text object handle: place in the drawing order, and the way from its form's coordinates to the frame's. */
  texts: Map<number, { order: number; matrix: Matrix }>;
  rules: Rule[];
  fills: Area[];
  images: Area[];
  /** Paths of any kind, also those that are no rules. */
  paths: number;
  /** True when a limit was met and what came after it was not looked at. */
  cut: boolean;
}

const TEXT = 1;
const PATH = 2;
const IMAGE = 3;
const SHADING = 4;
const FORM = 5;

/** Limits for one page: what a page needs that people read, with room. */
const MAX_OBJECTS = 200_000;
const MAX_SEGMENTS = 120_000;
const MAX_DEPTH = 12;
const MAX_RULES = 20_000;
/** Points: a filled rectangle thinner than this is a line. */
const THIN = 2.6;

interface Walk {
  pdfium: Pdfium;
  found: PageObjects;
  order: number;
  segments: number;
}

/**
 * Walks over a page's objects, forms within forms included, in drawing order. O(objects + segments), both bounded;
 * `cut` tells when a bound was met.
 */
export function readObjects(pdfium: Pdfium, page: number, frame: Matrix): PageObjects {
  const found: PageObjects = { texts: new Map(), rules: [], fills: [], images: [], paths: 0, cut: false };
  const walk: Walk = { pdfium, found, order: 0, segments: 0 };
  const count = pdfium.FPDFPage_CountObjects(page);
  for (let i = 0; i < count && !found.cut; i++) visit(walk, pdfium.FPDFPage_GetObject(page, i), frame, 0);
  return found;
}

function visit(walk: Walk, object: number, frame: Matrix, depth: number): void {
  const { pdfium, found } = walk;
  if (object === 0) return;
  if (++walk.order > MAX_OBJECTS) {
    found.cut = true;
    return;
  }
  switch (pdfium.FPDFPageObj_GetType(object)) {
    case TEXT:
      found.texts.set(object, { order: walk.order, matrix: frame });
      return;
    case PATH:
      found.paths++;
      readPath(walk, object, frame);
      return;
    case IMAGE:
    case SHADING:
      readImage(walk, object, frame);
      return;
    case FORM:
      readForm(walk, object, frame, depth);
      return;
  }
}

function readForm(walk: Walk, object: number, frame: Matrix, depth: number): void {
  const { pdfium, found } = walk;
  if (depth >= MAX_DEPTH) return;
  const matrix = multiply(matrixOf(pdfium, object), frame);
  const count = pdfium.FPDFFormObj_CountObjects(object);
  for (let i = 0; i < count && !found.cut; i++) visit(walk, pdfium.FPDFFormObj_GetObject(object, i), matrix, depth + 1);
}

function matrixOf(pdfium: Pdfium, object: number): Matrix {
  const at = pdfium.scratch;
  if (pdfium.FPDFPageObj_GetMatrix(object, at) === 0) return IDENTITY;
  return [
    pdfium.float(at),
    pdfium.float(at + 4),
    pdfium.float(at + 8),
    pdfium.float(at + 12),
    pdfium.float(at + 16),
    pdfium.float(at + 20),
  ];
}

function readImage(walk: Walk, object: number, frame: Matrix): void {
  const { pdfium, found, order } = walk;
  const at = pdfium.scratch;
  if (pdfium.FPDFPageObj_GetBounds(object, at, at + 4, at + 8, at + 12) === 0) return;
  const box = mapRect(frame, pdfium.float(at), pdfium.float(at + 4), pdfium.float(at + 8), pdfium.float(at + 12));
  if (Number.isFinite(box.x + box.y + box.width + box.height)) found.images.push({ box, order, fill: null });
}

/** Fill or stroke colour of an object, or null where it has none. */
export function colourOf(pdfium: Pdfium, object: number, stroke: boolean): Colour | null {
  const at = pdfium.scratch;
  const get = stroke ? pdfium.FPDFPageObj_GetStrokeColor : pdfium.FPDFPageObj_GetFillColor;
  if (get(object, at, at + 4, at + 8, at + 12) === 0) return null;
  return { r: pdfium.int(at), g: pdfium.int(at + 4), b: pdfium.int(at + 8), a: pdfium.int(at + 12) };
}

function readPath(walk: Walk, object: number, frame: Matrix): void {
  const { pdfium, found, order } = walk;
  const at = pdfium.scratch;
  const segments = pdfium.FPDFPath_CountSegments(object);
  if (segments < 2) return;
  walk.segments += segments;
  if (walk.segments > MAX_SEGMENTS || found.rules.length > MAX_RULES) {
    found.cut = true;
    return;
  }
  pdfium.FPDFPath_GetDrawMode(object, at, at + 4);
  const filled = pdfium.int(at) !== 0;
  const stroked = pdfium.int(at + 4) !== 0;
  if (!filled && !stroked) return;
  const matrix = multiply(matrixOf(pdfium, object), frame);
  for (const shape of shapesOf(pdfium, object, segments, matrix)) {
    const box = rectangleOf(shape);
    if (filled && box) addFill(found, pdfium, object, box, order);
    else if (filled && !stroked) continue;
    if (stroked) addStrokes(found.rules, shape);
  }
}

type Point = [number, number];

/** The polygons of a path, as points of the frame; those with curves are left out. */
function shapesOf(pdfium: Pdfium, object: number, segments: number, matrix: Matrix): Point[][] {
  const shapes: Point[][] = [];
  let shape: Point[] = [];
  let curved = false;
  const close = (): void => {
    if (shape.length > 1 && !curved) shapes.push(shape);
    shape = [];
    curved = false;
  };
  for (let i = 0; i < segments; i++) {
    const segment = pdfium.FPDFPath_GetPathSegment(object, i);
    const type = pdfium.FPDFPathSegment_GetType(segment);
    if (type === 2) close();
    if (type === 1) curved = true;
    if (pdfium.FPDFPathSegment_GetPoint(segment, pdfium.scratch, pdfium.scratch + 4) === 0) continue;
    shape.push(apply(matrix, pdfium.float(pdfium.scratch), pdfium.float(pdfium.scratch + 4)));
    const first = shape[0];
    if (first && pdfium.FPDFPathSegment_GetClose(segment) !== 0) shape.push([...first]);
  }
  close();
  return shapes;
}

/** The shape as a rectangle along the axes, or null. */
function rectangleOf(shape: readonly Point[]): Box | null {
  if (shape.length < 4 || shape.length > 6) return null;
  const xs = shape.map((point) => point[0]);
  const ys = shape.map((point) => point[1]);
  const x0 = Math.min(...xs);
  const x1 = Math.max(...xs);
  const y0 = Math.min(...ys);
  const y1 = Math.max(...ys);
  const near = (value: number, edge: number): boolean => Math.abs(value - edge) < 0.5;
  const atCorner = shape.every(([x, y]) => (near(x, x0) || near(x, x1)) && (near(y, y0) || near(y, y1)));
  if (!atCorner || !Number.isFinite(x0 + x1 + y0 + y1)) return null;
  return { x: x0, y: y0, width: x1 - x0, height: y1 - y0 };
}

function addFill(found: PageObjects, pdfium: Pdfium, object: number, box: Box, order: number): void {
  const fill = colourOf(pdfium, object, false);
  if (!fill || fill.a === 0) return;
  const white = fill.r > 250 && fill.g > 250 && fill.b > 250;
  if (box.height <= THIN && box.width > box.height) {
    if (!white) found.rules.push({ upright: false, at: box.y + box.height / 2, from: box.x, to: box.x + box.width });
  } else if (box.width <= THIN) {
    if (!white) found.rules.push({ upright: true, at: box.x + box.width / 2, from: box.y, to: box.y + box.height });
  } else {
    found.fills.push({ box, order, fill });
  }
}

function addStrokes(rules: Rule[], shape: readonly Point[]): void {
  for (let i = 1; i < shape.length; i++) {
    const [x0, y0] = shape[i - 1]!;
    const [x1, y1] = shape[i]!;
    const dx = Math.abs(x1 - x0);
    const dy = Math.abs(y1 - y0);
    if (!Number.isFinite(dx + dy) || Math.max(dx, dy) < 1) continue;
    if (dy <= 0.8 && dx > dy)
      rules.push({ upright: false, at: (y0 + y1) / 2, from: Math.min(x0, x1), to: Math.max(x0, x1) });
    else if (dx <= 0.8) rules.push({ upright: true, at: (x0 + x1) / 2, from: Math.min(y0, y1), to: Math.max(y0, y1) });
  }
}
