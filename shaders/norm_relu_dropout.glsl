// What the kernels that fuse BatchNorm2d, ReLU, Dropout2d and MaxPool2d share: a channel's numbers, and the three
// ops on a chunk at a time. Forward and backward compute z alike, so both see the same zeros and the same winners.
// With ANY_FUNCTION there is another activation in ReLU's place, FUNCTION of activation.glsl.
#ifndef NORM_RELU_DROPOUT_GLSL
#define NORM_RELU_DROPOUT_GLSL

#include "chunk.glsl"
#ifdef ANY_FUNCTION
#include "activation.glsl"
#endif

struct Channel { float mean, scale, bias, mask; };

// normalized is BatchNorm2d; where it is not positive, ReLU stops the gradient.
chunk normalized(Channel c, chunk x) { return (x - c.mean) * c.scale + c.bias; }

// activated is Dropout2d(ReLU(BatchNorm2d(x))); through is the gradient that Dropout2d and ReLU let through to BatchNorm2d's output.
#ifdef ANY_FUNCTION
chunk activated(Channel c, chunk x) { return activated(FUNCTION, normalized(c, x)) * c.mask; }
chunk through(Channel c, chunk x, chunk d) { return d * c.mask * slope(FUNCTION, normalized(c, x)); }
#else
chunk activated(Channel c, chunk x) { return positive(normalized(c, x)) * c.mask; }
#ifdef SCALAR
float through(Channel c, float x, float d) { return normalized(c, x) > 0.0 ? d * c.mask : 0.0; }
#else
vec4 through(Channel c, vec4 x, vec4 d) {
    return mix(vec4(0.0), d * c.mask, greaterThan(normalized(c, x), vec4(0.0)));
}
#endif
#endif

// route is max_pool2d_backward for two windows of 2 x 2 side by side: the first largest value in row order takes d.
void route(vec2 d, vec4 top, vec4 bottom, out vec4 to_top, out vec4 to_bottom) {
    vec2 a = top.xz, b = top.yw, c = bottom.xz, e = bottom.yw;
    vec2 best = max(max(a, b), max(c, e));
    vec2 da = mix(vec2(0.0), d, equal(a, best)), left = d - da;
    vec2 db = mix(vec2(0.0), left, equal(b, best));
    left -= db;
    vec2 dc = mix(vec2(0.0), left, equal(c, best)), de = left - dc;
    to_top = vec4(da.x, db.x, da.y, db.y);
    to_bottom = vec4(dc.x, de.x, dc.y, de.y);
}

#endif
