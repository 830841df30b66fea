// What a matrix product stores for a row: the sum, or with BIAS f(the sum and the row's bias), f being FUNCTION of activation.glsl. With SKIP
// as well, which is the place of its buffer, and where ADD says so, what lies there is added before: of M rows in panels of GS planes.
//
//   RESULT(sum, i, j)  row i of the sliver that begins with row m, texel j behind the first; main() has m, and SKIP_FROM(n, r) in it
#ifdef BIAS
#include "activation.glsl"
layout(constant_id = 6) const uint FUNCTION = 0;
#ifdef SKIP
layout(constant_id = 7) const bool ADD = false;
layout(constant_id = 8) const uint GS = 1;
ACTIVATION_STORED(SKIP, Skip, skip);
#define SKIP_FROM(n, r) uint beside = plane_at(n, m, M, GS, PLANE) + r;
vec4 result(vec4 sum, uint row, uint at) {
    sum += bias[row];
    if (ADD) sum += FETCH_STORED(skip, at);
    return activated(FUNCTION, sum);
}
#define RESULT(sum, i, j) result(sum, m + (i), beside + (i) * GS * PLANE + j)
#else
vec4 result(vec4 sum, uint row) { return activated(FUNCTION, sum + bias[row]); }
#define RESULT(sum, i, j) result(sum, m + (i))
#endif
#else
#define SKIP_FROM(n, r)
#define RESULT(sum, i, j) (sum)
#endif
