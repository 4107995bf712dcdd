"""Which policy helps to fine-tune a pre-trained network on few photographs?

    python -m benchmarks.fine_tuning --data trash-192 cats-dogs-192 --weights FILE
        [--model timm:tf_efficientnet_lite0] [--rows none uniform trivialaugment finetune ...]
        [--per-class 50] [--seeds 8] [--epochs 12 30] [--searches 1] [--side 96] [--jobs 2]
        [--folder runs/fine_tuning] [--json FILE]

A search sees the training images of a set. Then, for each seed, so many of them per class are
drawn, the network is fine-tuned on these under the policy of every row, and all test images judge,
which no search and no training sees. Rows are those of `benchmarks.search_quality`; a row of the
preset `finetune` searches by fine-tuning the same network.

Everything that is done is kept in `--folder`, each result under all that it depends on: the command
can be stopped and started again, with more sets, rows, seeds or epochs, too.
"""
