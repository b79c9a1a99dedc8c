// SPDX-License-Identifier: MIT
// A maze of cells, each a set of open sides, with a ball in it. No sockets here.

/** Each side: its bit, the bit of the side it meets, and the step through it. */
export const sides = {
  up: { bit: 1, opposite: 2, dx: 0, dy: -1 },
  down: { bit: 2, opposite: 1, dx: 0, dy: 1 },
  left: { bit: 4, opposite: 8, dx: -1, dy: 0 },
  right: { bit: 8, opposite: 4, dx: 1, dy: 0 },
};

export class Maze {
  constructor(width, height) {
    this.width = width;
    this.height = height;
    this.cells = new Array(width * height).fill(0);
    this.x = 0;
    this.y = 0;
    this.carve();
  }

  /** Depth first: every cell is reached, by one way only. */
  carve() {
    const way = [[0, 0]];
    while (way.length > 0) {
      const [x, y] = way.at(-1);
      const walls = Object.values(sides).filter(({ dx, dy }) => this.has(x + dx, y + dy) && !this.at(x + dx, y + dy));
      if (walls.length === 0) {
        way.pop();
        continue;
      }
      const { bit, opposite, dx, dy } = walls[Math.floor(Math.random() * walls.length)];
      this.cells[y * this.width + x] |= bit;
      this.cells[(y + dy) * this.width + x + dx] |= opposite;
      way.push([x + dx, y + dy]);
    }
  }

  has(x, y) {
    return x >= 0 && y >= 0 && x < this.width && y < this.height;
  }

  at(x, y) {
    return this.cells[y * this.width + x];
  }

  /** False if there is a wall. */
  move(side) {
    const { bit, dx, dy } = sides[side];
    if (!(this.at(this.x, this.y) & bit)) return false;
    this.x += dx;
    this.y += dy;
    return true;
  }

  get isSolved() {
    return this.x === this.width - 1 && this.y === this.height - 1;
  }
}
