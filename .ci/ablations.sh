#!/bin/sh
# ablations.sh FOLDER [EPOCHS] trains the reference recipe with one thing changed at a time, each for as many epochs (5), and prints a
# Markdown table of what validation says. The test set stays closed. A run that is there is not made again, one that was cut goes on.
# The warm-up is cut to 2 epochs, for with the recipe's 5 so short a run would see no fall of the rate.
set -eu
cd "$(dirname "$0")/.."
folder=${1:?ablations.sh FOLDER [EPOCHS]}
epochs=${2:-5}
mkdir -p "$folder/$epochs-epochs"

# What is changed, and the flags that do it.
list() {
    cat <<END
nothing|
nothing but the seed|--seed 43
no dropout|--dropout 0
no augmentation|--augment none
crop and flip alone|--augment crop-flip
RandAugment on top|--augment randaugment
no label smoothing|--smoothing 0
no averaged weights|--model-ema-decay 0
no gradient clipping|--clip-grad 0
no warm-up|--warmup-epochs 0
no weight decay|--weight-decay 0
no decay of 1-d parameters|--no-decay-1d
learning rate 0.003|--lr 0.003
learning rate 0.0003|--lr 0.0003
SGD with Nesterov's momentum, rate 0.1|--opt nesterov --lr 0.1
half the widths|--widths 32,64,128,256,256,256
half the widths, twice the epochs|--widths 32,64,128,256,256,256 --epochs $((2 * epochs))
TinyNet by this recipe|--model tinynet
stratified split|--split stratified
END
}

# last CSV N is column N of the last row.
last() { tail -n 1 "$1" | cut -d, -f"$2"; }

echo "| $(date +%F), $epochs epochs | train loss | train acc % | val loss | val acc % | s |"
echo "| --- | --- | --- | --- | --- | --- |"
list | while IFS='|' read -r what flags; do
    run=$folder/$epochs-epochs/$(echo "$what" | tr -c 'a-zA-Z0-9.\n' -)
    # shellcheck disable=SC2086
    bin/cnnvk train -q --epochs "$epochs" --warmup-epochs 2 $flags --out "$run" --resume auto >/dev/null </dev/null
    csv=$run/metrics.csv
    awk -v what="$what" -v loss="$(last "$csv" 4)" -v acc="$(last "$csv" 5)" -v vloss="$(last "$csv" 6)" -v vacc="$(last "$csv" 7)" \
        -v s="$(cut -d, -f9 "$csv" | awk '{ t += $1 } END { print t }')" \
        'BEGIN { printf "| %s | %.4f | %.2f | %.4f | %.2f | %.0f |\n", what, loss, 100 * acc, vloss, 100 * vacc, s }'
done
