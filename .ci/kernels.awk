# kernels.awk LOG... makes a table by kernel and GPU of what drivers' compilers say in the lines that TestCompile writes:
#
#   kernel NAME built-in=true|false variant=NAME constants=... executable="..." subgroup=N arithmetic=SHARE alone=SHARE stat "NAME"=N...
#
# A second table has the share of the time that multiply-adds take of matrix products, which some drivers tell: among other subgroups, alone. Each log is a GPU, by its file's
# name. Ends with status 1 if a built-in choice spills registers, or if a driver was silent.
BEGIN {
    # The drivers' names for the registers of an invocation, and for what of the GPU stays busy with that many.
    registers = "^(vgprs|gprs|registers used|number of gprs|max live registers)$"
    occupancy = "^(subgroups per simd|threads|max waves per core|max warps/sm|max dispatch width)$"
}
FNR == 1 {
    gpu = FILENAME
    gsub(/.*\/|\.log$/, "", gpu)
    gpus[++columns] = gpu
}
/^kernel [^ ]+ built-in=/ {
    kernel = $2
    if (!(kernel in row)) {
        row[kernel] = ++rows
        name[rows] = kernel
    }
    at = kernel SUBSEP columns
    pipelines[at]++
    builtin = $3 == "built-in=true"
    statistics = split($0, stat, " stat \"") - 1
    if (!statistics) mute[columns]++
    note_share("arithmetic")
    note_share("alone")
    spilled = scratch = 0
    for (i = 2; i <= statistics + 1; i++) {
        value = stat[i]
        sub(/.*"=/, "", value)
        value += 0
        key = tolower(stat[i])
        sub(/".*/, "", key)
        if (key ~ registers) {
            if (value > most[at] + 0) most[at] = value
            says[columns, 1] = stat[i]
        } else if (key ~ occupancy) {
            if (!(at in least) || value < least[at]) least[at] = value
            says[columns, 2] = stat[i]
        } else if (key ~ /spill/ && key !~ / to reg$/ || key == "stp count")
            spilled += value
        else if (key ~ /scratch/)
            scratch += value
    }
    if (!spilled && !scratch) next
    if (builtin) {
        bad[at]++
        if (!(at in worst) || spilled > worst[at]) {
            worst[at] = spilled
            example[at] = $5 ": " spilled " registers, " scratch " bytes"
        }
    } else
        other[at]++
}
END {
    printf "| kernel"
    for (c = 1; c <= columns; c++) printf " | %s", gpus[c]
    printf " |\n| ---"
    for (c = 1; c <= columns; c++) printf " | ---"
    printf " |\n| the most of, the least of"
    for (c = 1; c <= columns; c++) printf " | %s, %s", label(c, 1), label(c, 2)
    printf " |\n"
    for (r = 1; r <= rows; r++) {
        printf "| %s", name[r]
        for (c = 1; c <= columns; c++) printf " | %s", cell(name[r] SUBSEP c)
        printf " |\n"
    }
    arithmetic()
    print "\nOf each kernel's pipelines: **2 spill** registers among those that run untuned, or 2 spill among those that only tuning tries.\n"
    for (c = 1; c <= columns; c++) {
        all = tried = 0
        for (r = 1; r <= rows; r++) {
            at = name[r] SUBSEP c
            all += pipelines[at]
            tried += other[at]
            if (!bad[at]) continue
            failed = 1
            printf "- %s: **%d built-in pipelines of %s spill**; the worst, %s\n", gpus[c], bad[at], name[r], example[at]
        }
        if (!all || mute[c]) {
            failed = 1
            printf "- %s: **the driver says nothing of %s**\n", gpus[c], all ? mute[c] " pipelines" : "any pipeline"
        } else
            printf "- %s: %d pipelines, of those that only tuning tries %d spill\n", gpus[c], all, tried
    }
    if (!failed) print "\nNo built-in choice spills."
    exit failed
}

# note_share remembers the least share of that name.
function note_share(name, share) {
    if (!match($0, " " name "=[0-9.]+")) return
    share = substr($0, RSTART + length(name) + 2, RLENGTH - length(name) - 2) + 0
    if (!((at, name) in shares) || share < shares[at, name]) shares[at, name] = share
    telling[columns] = product[kernel] = 1
}

function shares_of(kernel, column, at) {
    at = kernel SUBSEP column
    return share_of(at, "arithmetic") ", " share_of(at, "alone")
}

function share_of(at, name) { return (at, name) in shares ? sprintf("%.2f", shares[at, name]) : "-" }

# arithmetic prints the second table, if there is anything in it.
function arithmetic(c, r, line, any) {
    for (c = 1; c <= columns; c++) any += telling[c]
    if (!any) return
    printf "\nThe share of the time that multiply-adds take, among other subgroups and alone, of each product's pipelines the least:\n\n| kernel"
    for (c = 1; c <= columns; c++) if (telling[c]) printf " | %s", gpus[c]
    printf " |\n| ---"
    for (c = 1; c <= columns; c++) if (telling[c]) printf " | ---"
    printf " |\n"
    for (r = 1; r <= rows; r++) {
        if (!product[name[r]]) continue
        printf "| %s", name[r]
        for (c = 1; c <= columns; c++) if (telling[c]) printf " | %s", shares_of(name[r], c)
        printf " |\n"
    }
}

function label(column, which, text) {
    text = says[column, which]
    sub(/".*/, "", text)
    return text == "" ? "-" : text
}

function cell(at, text) {
    if (!pipelines[at]) return "-"
    text = (at in most ? most[at] : "?") ", " (at in least ? least[at] : "?")
    if (bad[at]) return text ", **" spills(bad[at]) "**"
    return text (other[at] ? ", " spills(other[at]) : "")
}

function spills(n) {
    return n == 1 ? "1 spills" : n " spill"
}
