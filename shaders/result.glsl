// What a matrix product stores for a row: the sum, or with BIAS the sum and the row's bias, and with RELU that or zero.
#ifdef BIAS
#include "lanes.glsl"
layout(constant_id = 6) const bool RELU = false;
vec4 result(vec4 sum, uint row) {
    sum += bias[row];
    return RELU ? positive(sum) : sum;
}
#define RESULT(sum, row) result(sum, row)
#else
#define RESULT(sum, row) (sum)
#endif
