// Which source files import each other in a circle, types included: a reader who follows names goes round as well.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';

/**
 * The shortest circle through the first file of each knot of files that import each other.
 * @param {readonly string[]} files paths from the repository's root; imports of anything else are not followed
 * @returns {string[][]} paths in the order of import; the first imports the second, the last imports the first
 */
export function importCircles(files) {
  const known = new Set(files);
  const imports = new Map(files.map((file) => [file, importsOf(file, known)]));
  const seen = new Set();
  const circles = [];
  for (const file of files) {
    if (seen.has(file)) continue;
    const circle = circleThrough(file, imports);
    if (circle === undefined) continue;
    circles.push(circle);
    for (const member of knotOf(file, imports)) seen.add(member);
  }
  return circles;
}

/** The known files that a file names in relative imports and exports. */
function importsOf(file, known) {
  const { importedFiles } = ts.preProcessFile(readFileSync(file, 'utf8'), true, true);
  return importedFiles
    .map(({ fileName }) => fileName)
    .filter((name) => name.startsWith('.'))
    .map((name) => join(dirname(file), name))
    .flatMap((path) => [path, `${path}.ts`, path.replace(/\.js$/, '.ts'), join(path, 'index.ts')])
    .filter((path) => known.has(path));
}

/** Breadth first from the file until it is met again. */
function circleThrough(start, imports) {
  const cameFrom = walk(start, imports);
  for (const last of cameFrom.keys()) {
    if (!imports.get(last).includes(start)) continue;
    const circle = [];
    for (let file = last; file !== undefined; file = cameFrom.get(file)) circle.unshift(file);
    return circle;
  }
  return undefined;
}

/** Every file that the given one reaches and that reaches it. */
function knotOf(start, imports) {
  return [...walk(start, imports).keys()].filter((file) => walk(file, imports).has(start));
}

/** The files that are reached from here, nearest first, each with the one that it was reached from. */
function walk(start, imports) {
  const cameFrom = new Map([[start, undefined]]);
  for (const file of cameFrom.keys()) {
    for (const next of imports.get(file)) if (!cameFrom.has(next)) cameFrom.set(next, file);
  }
  return cameFrom;
}
