#version 450
#extension GL_GOOGLE_include_directive : require
// linear by subgroups, in tiles of 16 rows x 8 images; the included file says more.
#define BIAS
#define ROWS 16
#define DEPTH 8
#define TEXELS 2
#include "pointwise_conv2d_subgroup.glsl"
