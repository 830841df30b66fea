#version 450
#extension GL_GOOGLE_include_directive : require
// The gradient of an activation and the first stage of batch_norm2d_backward in one pass, dn going to other ops as well:
//   dn = dy f'(v),  parts[s,0,c] = sum of dn[n,c,r],  parts[s,1,c] = sum of dn[n,c,r] * (x[n,c,r] - mean) / sqrt(var + eps)
//
//   dy, v, x, dn  (N/g, C, g, PLANE*CHUNK), g being GD, GV, GX and GN
//   vectors       mean, 1/sqrt(var + eps), scale, bias (C each, see channels.glsl), the last two read with SUM alone
//   parts         (S, 2, C)
//
// f is FUNCTION of activation.glsl, v its x, or ReLU's y. With SUM what is bound as v is what was added to the normalised x: the sum, which
// the activation read, is computed anew as norm_add does.
//
// Piece s holds the planes n = s*per .. min(N, (s+1)*per)-1; batch_norm2d_backward_finish adds the pieces up. One team
// takes one channel of one piece (see plane_walk.glsl). It binds more storage buffers than every device has, but for activations in texel buffers.
//
// kernel activation_norm_backward_reduce
// kernel activation_norm_backward_reduce_texel: TEXEL
// kernel activation_norm_backward_reduce_any: SCALAR
#include "dispatch.glsl"
#include "chunk.glsl"
#include "fetch.glsl"
#include "panels.glsl"
#include "activation.glsl"

layout(constant_id = 1) const uint C = 64;
#include "channels.glsl"
layout(constant_id = 2) const uint PLANE = 256; // in chunks
layout(constant_id = 3) const uint GD = 1;
layout(constant_id = 4) const uint GV = 1;
layout(constant_id = 5) const uint GX = 1;
layout(constant_id = 6) const uint GN = 1;
layout(constant_id = 7) const uint RUN = 4;
layout(constant_id = 8) const uint FUNCTION = 6;
layout(constant_id = 9) const bool SUM = false;
layout(constant_id = 10) const uint TEAM = 1;
layout(constant_id = 11) const uint ACROSS = 1;
#define SUMMED vec2
#include "plane_walk.glsl"

layout(push_constant) uniform Push { uint N, per, S; } push;

layout(std430, binding = 0) readonly  buffer Vectors { float vectors[]; };
layout(std430, binding = 1) writeonly buffer Parts { float parts[]; };
RESULTS(2, DN, dn);
ACTIVATION(3, DY, dy);
ACTIVATION(4, V, v);
ACTIVATION(5, X, x);

// through is the gradient that the activation lets through: ReLU all of it or nothing, whatever it is.
chunk through(chunk at, chunk d) {
    return FUNCTION == RELU ? where_less(chunk(0.0), at, d, chunk(0.0)) : d * slope(FUNCTION, at);
}

void main() {
    uint id = team();
    if (id >= C * push.S) return;
    uint c = id % C, s = id / C;
    float mean = vectors[MEAN + c], scale = SUM ? vectors[SCALE + c] : 0.0, bias = SUM ? vectors[BIAS + c] : 0.0;
    chunk sum = chunk(0.0), product = chunk(0.0);
    EACH_PLANE(n, s * push.per, min((s + 1u) * push.per, push.N)) {
        uint from_d = plane_at(n, c, C, GD, PLANE), from_v = plane_at(n, c, C, GV, PLANE), from_x = plane_at(n, c, C, GX, PLANE);
        uint to = plane_at(n, c, C, GN, PLANE);
        EACH_RUN(r) {
            EACH_STEP(i) {
                chunk centred = FETCH(x, from_x + r + i) - mean, at = FETCH(v, from_v + r + i);
                chunk d = through(SUM ? centred * scale + bias + at : at, FETCH(dy, from_d + r + i));
                STORE(dn, to + r + i, d);
                sum += d;
                product += d * centred;
            }
        }
    }
    vec2 all = team_sum(vec2(total(sum), total(product)));
    if (lane() > 0u) return;
    parts[(2u * s) * C + c] = all.x;
    parts[(2u * s + 1u) * C + c] = all.y * vectors[INVERSE + c];
}
