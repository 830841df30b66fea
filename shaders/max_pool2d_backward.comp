#version 450
#extension GL_GOOGLE_include_directive : require
// max_pool2d_backward: dx = dy where x is the first largest of its 2 x 2 window in row order, else 0
//
//   dy     (N/GD, C, GD, H/2, W/2)
//   x, dx  (N/g, C, g, H, W)          float32, W a multiple of 8, H even (..._any takes others); g being GX and GY
//
// One invocation takes four neighbouring windows: two vec4 of each of two rows. The winner is found
// again from x, which costs less than keeping its index.
#include "dispatch.glsl"
#include "fetch.glsl"
#include "panels.glsl"

layout(constant_id = 1) const uint C = 64;
layout(constant_id = 2) const uint H = 32;
layout(constant_id = 3) const uint W = 32;
layout(constant_id = 4) const uint GD = 1;
layout(constant_id = 5) const uint GX = 1;
layout(constant_id = 6) const uint GY = 1;

layout(push_constant) uniform Push { uint count; } push; // N*C*(H/2)*(W/8)

ACTIVATION(0, DY, dy);
ACTIVATION(1, X, x);
RESULTS(2, DX, dx);

// route sends the gradients of two windows, d.x and d.y, to their first largest values.
void route(vec2 d, vec4 top, vec4 bottom, out vec4 to_top, out vec4 to_bottom) {
    vec2 a = top.xz, b = top.yw, c = bottom.xz, e = bottom.yw;
    vec2 best = max(max(a, b), max(c, e));
    bvec2 is_a = equal(a, best), is_b = equal(b, best), is_c = equal(c, best);
    vec2 da = mix(vec2(0.0), d, is_a);
    vec2 db = mix(mix(vec2(0.0), d, is_b), vec2(0.0), is_a);
    vec2 left = mix(mix(d, vec2(0.0), is_b), vec2(0.0), is_a); // what the top row did not take
    vec2 dc = mix(vec2(0.0), left, is_c), de = mix(left, vec2(0.0), is_c);
    to_top = vec4(da.x, db.x, da.y, db.y);
    to_bottom = vec4(dc.x, de.x, dc.y, de.y);
}

void main() {
    uint id = invocation();
    if (id >= push.count) return;
    const uint row = W / 4u;
    Place p = place_of(id, C, GD, H / 2u * (W / 8u));
    uint in_plane = p.r / (W / 8u) * 2u * row + p.r % (W / 8u) * 2u;
    uint from = plane_at(p.n, p.c, C, GX, H * row) + in_plane, to = plane_at(p.n, p.c, C, GY, H * row) + in_plane;
    vec4 d = FETCH(dy, id), t0, b0, t1, b1;
    route(d.xy, FETCH(x, from), FETCH(x, from + row), t0, b0);
    route(d.zw, FETCH(x, from + 1u), FETCH(x, from + 1u + row), t1, b1);
    STORE(dx, to, t0);
    STORE(dx, to + 1u, t1);
    STORE(dx, to + row, b0);
    STORE(dx, to + row + 1u, b1);
}
