"""The published databases as their owners hold them: folders of frames and a coding sheet in, clips out."""
