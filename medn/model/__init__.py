"""The network itself: one file per idea.

The paper (Motion–Emotion Feature Decoupling Network, arXiv 2604.17899) is public only as an abstract. What each part
is for is the paper's; sizes and formulas are our reading; each file names which is which.
"""
