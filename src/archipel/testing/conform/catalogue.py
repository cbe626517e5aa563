"""All groups of checks, in the order in which they are run and told."""

from collections.abc import Sequence

from archipel.testing.conform.commitment import requests
from archipel.testing.conform.model import Group
from archipel.testing.conform.qido import answers, fields, matching, paging, searching
from archipel.testing.conform.stow import failures, metadata, storing
from archipel.testing.conform.ups import steps, watching
from archipel.testing.conform.uri import service
from archipel.testing.conform.wado import (
    bulkdata,
    frames,
    instances,
    negotiation,
    pictures,
    rendered,
    texts,
)
from archipel.testing.conform.web import bad_input, caching, capabilities

GROUPS: Sequence[Group] = (
    searching.group,
    matching.group,
    fields.group,
    answers.group,
    paging.group,
    instances.group,
    negotiation.group,
    texts.group,
    frames.group,
    bulkdata.group,
    rendered.group,
    pictures.group,
    service.group,
    storing.group,
    metadata.group,
    failures.group,
    steps.group,
    watching.group,
    requests.group,
    capabilities.group,
    caching.group,
    bad_input.group,
)
