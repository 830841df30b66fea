// What the taps of a 3x3 kernel, of padding 1, see: for four neighbouring outputs of a row, from texel column `column` on,
// the three texels of x that row u of the kernel multiplies.
//
// x is an activation in a texel buffer (fetch.glsl), of rows of WIDTH texels. At stride 1 the texel above the outputs and the two beside it give all
// three taps, at stride 2 the two above them and the one to the left: three fetches for three taps either way.
#ifndef CONV2D_ROW_GLSL
#define CONV2D_ROW_GLSL

struct Row { vec4 left, middle, right; }; // for v = 0, 1, 2

// TAPS fetches from the row that starts at texel `at`; 0 where the row is not inside the image. What must not be read is
// replaced by the texel in the middle, so that no index leaves the buffer.
#define TAPS(row, x, at, column, inside) \
    { uint middle = (at) + (column) * STRIDE; \
      bool first = (column) == 0u, last = STRIDE == 1u && (column) == WIDTH - 1u; \
      vec4 l = FETCH(x, first ? middle : middle - 1u); \
      vec4 a = FETCH(x, middle); \
      vec4 b = FETCH(x, last ? middle : middle + 1u); \
      float before = first ? 0.0 : l.w; \
      if (STRIDE == 1u) { \
          row.left = vec4(before, a.xyz); \
          row.middle = a; \
          row.right = vec4(a.yzw, last ? 0.0 : b.x); \
      } else { \
          row.left = vec4(before, a.y, a.w, b.y); \
          row.middle = vec4(a.xz, b.xz); \
          row.right = vec4(a.yw, b.yw); \
      } \
      if (!(inside)) { row.left = vec4(0.0); row.middle = vec4(0.0); row.right = vec4(0.0); } }

#endif
