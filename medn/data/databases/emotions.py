"""Emotion words of the coding sheets, the databases' own classes, and the three classes of MEGC 2019."""

EMOTION3 = {
    "happiness": "positive",
    "surprise": "surprise",
    "anger": "negative",
    "contempt": "negative",
    "disgust": "negative",
    "fear": "negative",
    "repression": "negative",
    "sadness": "negative",
    # SMIC codes the three classes themselves
    "negative": "negative",
    "positive": "positive",
}
"""The composite's three classes (See et al. 2019, "MEGC 2019"); "others" belongs to none."""

OWN_CLASSES = {
    "casme2": ("happiness", "disgust", "repression", "surprise", "sadness", "fear", "others"),
    "samm": ("anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise", "others"),
    "smic": ("negative", "positive", "surprise"),
    "casme3": ("happiness", "anger", "disgust", "fear", "sadness", "surprise", "others"),
    "mmew": ("happiness", "anger", "disgust", "fear", "sadness", "surprise", "others"),
}
"""The classes that each database codes, in words shared by all."""

_OTHER_WORDS = {"happy": "happiness", "sad": "sadness", "other": "others", "angry": "anger", "surprised": "surprise"}


def emotion_word(text: str) -> str:
    """The shared word for what a sheet writes: "Happy " is happiness, "Other" is others."""
    word = text.strip().lower()
    return _OTHER_WORDS.get(word, word)
