"""A face as the network sees it: landmarks, the aligned grey crop and the onset→apex flow map."""
