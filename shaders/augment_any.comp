#version 450
#extension GL_GOOGLE_include_directive : require
// augment_any: x[n,c,i,j] = table[c, p[c,i,j]], or 0 inside the rectangle of draw n, where p is the image that the draw names after crop,
// flip and up to six operations on its bytes, each of which looks at a pixel alone (package engine's Draw says what each does)
//
//   images   (D,C,H,W)           uint8, four to a word; this window holds samples first .. first+held-1
//   table    (C,256)             what a pixel value becomes: (v/255 - mean) / std
//   draws    (N,52)              what the host drew for every image of the batch
//   x        (N/G, C, G, H, W)   float32
//
// For images that augment.comp does not take: of any size, and, if there are no operations (KINDS is 0), of any number of channels.
// A workgroup makes one image, an invocation every 64th pixel of it. No picture is kept: an invocation takes its pixels from the data set
// as often as it needs them. That is once, and once more before each contrast, which needs the mean grey that the operations before it leave.
#include "augment_color.glsl"
#include "reflected.glsl"
#include "fetch.glsl"
#include "panels.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint C = 3;
layout(constant_id = 2) const uint H = 32;
layout(constant_id = 3) const uint W = 32;
layout(constant_id = 4) const uint PIXELS = 1024; // H*W
layout(constant_id = 5) const uint G = 1;
layout(constant_id = 6) const uint KINDS = 0;

layout(push_constant) uniform Push { uint first, held, count; } push; // count = N

layout(std430, binding = 0) readonly  buffer Images { uint images[]; };
layout(std430, binding = 1) readonly  buffer Table { float table[]; };
layout(std430, binding = 2) readonly  buffer Draws { uint draws[]; };
RESULT_FLOATS(3, X, x);

// The words of a draw, and of an operation in it.
const uint IMAGE = 0u, TOP = 1u, LEFT = 2u, FLIP = 3u, ERASE = 4u, COUNT = 8u, OPS = 9u, OP_WORDS = 7u, DRAW_WORDS = 52u, MOST = 6u;
const uint BRIGHTNESS = 0u, CONTRAST = 1u, SATURATION = 2u, HUE = 4u, POSTERIZE = 5u, SOLARIZE = 6u;

shared uint sum;
shared uint means[MOST]; // the mean grey before each operation that is a contrast

// each_pixel is the loop over the pixels of an invocation.
#define each_pixel(i) for (uint i = gl_LocalInvocationID.x; i < PIXELS; i += gl_WorkGroupSize.x)

bool occurs(uint kind) { return (KINDS >> kind & 1u) != 0u; }

uint byte_at(uint at) { return images[at / 4u] >> (8u * (at % 4u)) & 255u; }

// source is where in a plane the crop takes pixel i from, mirrored if asked for; outside of the image reflected, or PIXELS.
uint source(uint i, uint draw) {
    uint j = (draws[draw + FLIP] & 1u) != 0u ? W - 1u - i % W : i % W;
    uint row = i / W + draws[draw + TOP], column = j + draws[draw + LEFT]; // wraps to a large number outside
    if ((draws[draw + FLIP] & 2u) != 0u) {
        row = reflected(row, H);
        column = reflected(column, W);
    }
    return row < H && column < W ? row * W + column : PIXELS;
}

// colour is a pixel after operation s; word is that one's factor's bits or its level.
uvec3 colour(uvec3 v, uint kind, uint word, uint s) {
    float f = uintBitsToFloat(word);
    if (occurs(BRIGHTNESS) && kind == BRIGHTNESS) return blend(uvec3(0u), v, f);
    if (occurs(CONTRAST) && kind == CONTRAST) return blend(uvec3(means[s]), v, f);
    if (occurs(SATURATION) && kind == SATURATION) return blend(uvec3(grey(v)), v, f);
    if (occurs(HUE) && kind == HUE) {
        uvec3 hsv = to_hsv(v);
        return to_rgb(uvec3(hsv.x + word & 255u, hsv.yz));
    }
    if (occurs(POSTERIZE) && kind == POSTERIZE) return v & uvec3(word);
    if (occurs(SOLARIZE) && kind == SOLARIZE) return mix(v, 255u - v, greaterThanEqual(v, uvec3(word)));
    return v;
}

// pixel is pixel i of three channels after that many operations.
uvec3 pixel(uint i, uint base, uint draw, uint operations) {
    uint at = source(i, draw);
    uvec3 v = uvec3(0u);
    if (at < PIXELS) v = uvec3(byte_at(base + at), byte_at(base + at + PIXELS), byte_at(base + at + 2u * PIXELS));
    for (uint s = 0u; s < operations; s++) {
        uint word = draw + OPS + s * OP_WORDS;
        v = colour(v, draws[word], draws[word + 1u], s);
    }
    return v;
}

// find_mean keeps the mean grey of the whole image after that many operations, rounded half up.
void find_mean(uint base, uint draw, uint operations) {
    uint own = 0u;
    each_pixel(i) own += grey(pixel(i, base, draw, operations));
    if (gl_LocalInvocationID.x == 0u) sum = 0u;
    barrier();
    atomicAdd(sum, own); // whole numbers: the order does not matter
    barrier();
    if (gl_LocalInvocationID.x == 0u) means[operations] = (2u * sum + PIXELS) / (2u * PIXELS);
    barrier();
}

bool erased(uint i, uint draw) {
    uint top = draws[draw + ERASE], left = draws[draw + ERASE + 1u];
    uint height = draws[draw + ERASE + 2u], width = draws[draw + ERASE + 3u];
    return i / W - top < height && i % W - left < width; // both wrap to a large number before the rectangle
}

// plain makes an image of any number of channels, without operations.
void plain(uint n, uint base, uint draw) {
    each_pixel(i) {
        uint at = source(i, draw);
        bool gone = erased(i, draw);
        for (uint c = 0u; c < C; c++) {
            uint v = at < PIXELS ? byte_at(base + c * PIXELS + at) : 0u;
            STORE(x, plane_at(n, c, C, G, PIXELS) + i, gone ? 0.0 : table[256u * c + v]);
        }
    }
}

// coloured makes one of three channels.
void coloured(uint n, uint base, uint draw) {
    uint operations = min(draws[draw + COUNT], MOST);
    for (uint s = 0u; s < operations; s++) {
        if (occurs(CONTRAST) && draws[draw + OPS + s * OP_WORDS] == CONTRAST) find_mean(base, draw, s);
    }
    each_pixel(i) {
        uvec3 v = pixel(i, base, draw, operations);
        bool gone = erased(i, draw);
        for (uint c = 0u; c < 3u; c++) STORE(x, plane_at(n, c, 3u, G, PIXELS) + i, gone ? 0.0 : table[256u * c + v[c]]);
    }
}

void main() {
    uint n = gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x;
    if (n >= push.count) return;
    uint draw = n * DRAW_WORDS, sample_ = draws[draw + IMAGE] - push.first; // wraps to a large number below the window
    if (sample_ >= push.held) return;
    uint base = sample_ * C * PIXELS;
    if (KINDS == 0u) plain(n, base, draw);
    else coloured(n, base, draw);
}
