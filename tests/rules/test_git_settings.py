"""Settings of rules in git say what is wrong with them, and the page about them is true."""

import re

import pytest
import yaml

from receiver.settings import Settings, SettingsError, load_settings
from tests.harness import ROOT

PAGE = (ROOT / "docs/rules-in-git.md").read_text()
GOOD = ["https://git.example/ops/rules.git", "https://deploy:pw@git.example/rules", "ssh://git@git.example:2222/rules", "git@git.example:ops/rules.git",
        "file:///srv/git/rules", "/srv/git/rules.git"]  # fmt: skip
BAD = ["ext::sh -c id", "http://git.example/rules", "--upload-pack=id", "git@git.example:-x", "ssh://-oProxyCommand=id/x", "git.example/rules", "https://[/x"]


def settings(tmp_path, **environ: str) -> Settings:
    return load_settings({"RECEIVER_DATA_DIR": str(tmp_path), **{f"RECEIVER_RULES_GIT_{name}": text for name, text in environ.items()}})


@pytest.mark.parametrize("url", GOOD)
def test_addresses_of_git_are_taken_and_kept_secret(tmp_path, url):
    found = settings(tmp_path, URL=url)
    assert found.rules_git_url.get_secret_value() == url
    assert url not in repr(found)


@pytest.mark.parametrize("url", BAD)
def test_an_address_that_is_none_is_refused_without_repeating_it(tmp_path, url):
    with pytest.raises(SettingsError) as caught:
        settings(tmp_path, URL=url)
    assert "RECEIVER_RULES_GIT_URL" in str(caught.value)
    assert url not in str(caught.value)


@pytest.mark.parametrize(("name", "text"), [("REF", "-x"), ("REF", "a..b"), ("REF", "a b"), ("PATH", "/etc"), ("PATH", "a/../b"), ("PATH", "-r"),
                                            ("INTERVAL", "0"), ("VERIFY", "maybe")])  # fmt: skip
def test_what_could_lead_elsewhere_is_refused(tmp_path, name, text):
    with pytest.raises(SettingsError, match=f"RECEIVER_RULES_GIT_{name}"):
        settings(tmp_path, URL=GOOD[0], **{name: text})


def test_signatures_need_somebody_who_may_sign(tmp_path):
    with pytest.raises(SettingsError, match="RECEIVER_RULES_GIT_ALLOWED_SIGNERS: required"):
        settings(tmp_path, URL=GOOD[0], VERIFY="signed")


def test_the_page_names_every_setting_and_no_other_and_its_recipes_are_yaml():
    real = {f"RECEIVER_{name.upper()}" for name in Settings.model_fields if name.startswith("rules_git_")}
    assert set(re.findall(r"RECEIVER_RULES_GIT_[A-Z_]+", PAGE)) == real | {"RECEIVER_RULES_GIT_URL_FILE"}
    recipes = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.M | re.S)
    assert len(recipes) == 2
    assert all(isinstance(yaml.safe_load(one), dict) for one in recipes)
