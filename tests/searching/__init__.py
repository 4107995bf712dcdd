SMALL = {"model": "wrn-10-1", "images": 160, "batch": 40, "epochs": 3, "precision": "float32"}
