#version 450
#extension GL_GOOGLE_include_directive : require
// max_pool2d_backward by windows of 3 x 3 at every second row and column: dx = the sum of dy over the windows in which x is the first
// largest in row order
//
//   dy     (N/GD, C, GD, HO = (H+1)/2, W/2)
//   x, dx  (N/g, C, g, H, W)          float32, W a multiple of 4 (..._any takes others); g being GX and GY
//
// One invocation makes a vec4 of each of two rows, 2i and 2i+1. Three neighbouring windows of two rows of windows, i and i+1, have pixels
// there: they are worked on together. The winner is found again from x, which costs less than keeping its index.
#include "dispatch.glsl"
#include "fetch.glsl"
#include "panels.glsl"

layout(constant_id = 1) const uint C = 64;
layout(constant_id = 2) const uint H = 32;
layout(constant_id = 3) const uint W = 32;
layout(constant_id = 4) const uint GD = 1;
layout(constant_id = 5) const uint GX = 1;
layout(constant_id = 6) const uint GY = 1;

layout(push_constant) uniform Push { uint count; } push; // N*C*HO*(W/4)

ACTIVATION_FLOATS(0, DY, dy);
ACTIVATION(1, X, x);
RESULTS(2, DX, dx);

const uint row = W / 4u, HO = (H + 1u) / 2u;

// Taps are what three windows have of a row: their first, second and third values. The first window of an image begins before it.
struct Taps { vec3 first, second, third; };

Taps taps(uint at, uint j) {
    vec4 v = FETCH(x, at);
    float before = j > 0u ? FETCH(x, at - 1u).w : v.x;
    vec2 after = j + 1u < row ? FETCH(x, at + 1u).xy : v.xy; // else there is no third window
    return Taps(vec3(before, v.yw), vec3(v.xz, after.x), vec3(v.yw, after.y));
}

vec3 largest(Taps t) { return max(max(t.first, t.second), t.third); }

// give gives what is left of the gradients to the values of a row that are the windows' largest, and returns what comes to the vec4.
vec4 give(Taps t, vec3 best, uint j, inout vec3 left) {
    vec3 first = mix(vec3(0.0), left, equal(t.first, best));
    if (j == 0u) first.x = 0.0;
    left -= first;
    vec3 second = mix(vec3(0.0), left, equal(t.second, best));
    left -= second;
    vec3 third = mix(vec3(0.0), left, equal(t.third, best));
    left -= third;
    return vec4(second.x, third.x + first.y, second.y, third.y + first.z);
}

// gradients are those of three windows, 0 for one that is not there.
vec3 gradients(uint plane, uint i, uint j) {
    uint at = plane + i * (W / 2u) + 2u * j;
    return vec3(FETCH(dy, at), FETCH(dy, at + 1u), j + 1u < row ? FETCH(dy, at + 2u) : 0.0);
}

void main() {
    uint id = invocation();
    if (id >= push.count) return;
    Place p = place_of(id, C, GY, HO * row);
    uint i = p.r / row, j = p.r % row;
    uint from_d = plane_at(p.n, p.c, C, GD, HO * (W / 2u)), in_plane = 2u * i * row + j;
    uint from = plane_at(p.n, p.c, C, GX, H * row) + in_plane, to = plane_at(p.n, p.c, C, GY, H * row) + in_plane;
    bool above = i > 0u, below = 2u * i + 1u < H, next = i + 1u < HO;

    Taps t0 = taps(above ? from - row : from, j), t1 = taps(from, j), t2 = taps(below ? from + row : from, j);
    vec3 best = max(max(largest(t0), largest(t1)), largest(t2)), left = gradients(from_d, i, j);
    if (above) give(t0, best, j, left);
    STORE(dx, to, give(t1, best, j, left));
    if (!below) return;
    vec4 bottom = give(t2, best, j, left);
    if (next) { // its windows begin with row 2i+1
        t0 = taps(from + 2u * row, j);
        t1 = taps(2u * i + 3u < H ? from + 3u * row : from + 2u * row, j);
        best = max(max(largest(t2), largest(t0)), largest(t1));
        left = gradients(from_d, i + 1u, j);
        bottom += give(t2, best, j, left);
    }
    STORE(dx, to + row, bottom);
}
