#version 450
#extension GL_GOOGLE_include_directive : require
// linear by subgroups, in tiles of 32 rows x 4 images; the included file says more.
#define BIAS
#define ROWS 32
#define DEPTH 8
#define TEXELS 1
#include "pointwise_conv2d_subgroup.glsl"
