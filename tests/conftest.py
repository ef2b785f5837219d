"""What the tests share: no assertion on a time."""
import hypothesis

hypothesis.settings.register_profile("course", deadline=None)
hypothesis.settings.load_profile("course")
