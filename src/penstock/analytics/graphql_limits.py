"""How large a GraphQL document may be, counted with its fragments spread out, before anything else looks at it.

A document of some lines can stand for millions of fields; here it is counted without spreading it.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from penstock.analytics.graphql_schema import DATASETS

MAX_TOKENS: Final = 4000
MAX_CHARS: Final = 100_000
_MAX_FIELDS: Final = 500
_MAX_DEPTH: Final = 20
_MAX_DATASETS: Final = 20


class _Size(NamedTuple):
    fields: int = 0
    depth: int = 0
    datasets: int = 0


class _Counter:
    """Counts each fragment once, however often it is used."""

    def __init__(self, document: DocumentNode) -> None:
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._counted: dict[str, _Size] = {}

    def size(self, selections: SelectionSetNode | None, left: int = _MAX_DEPTH) -> _Size:
        """Raises `GraphQLError` below the greatest depth."""
        if selections is None:
            return _Size()
        if left < 0:
            raise GraphQLError(f"the query is nested more than {_MAX_DEPTH} levels deep")
        fields = depth = datasets = 0
        for one in selections.selections:
            if isinstance(one, FieldNode):
                inside = self.size(one.selection_set, left - 1)
                is_dataset = one.name.value in DATASETS
                inside = _Size(inside.fields + 1, inside.depth + 1, inside.datasets + is_dataset)
            elif isinstance(one, InlineFragmentNode):
                inside = self.size(one.selection_set, left - 1)
            else:
                assert isinstance(one, FragmentSpreadNode)
                inside = self._fragment(one.name.value, left - 1)
            fields, datasets = fields + inside.fields, datasets + inside.datasets
            depth = max(depth, inside.depth)
        return _Size(fields, depth, datasets)

    def _fragment(self, name: str, left: int) -> _Size:
        found = self._counted.get(name)
        if found is None:
            definition = self._fragments.get(name)
            found = _Size() if definition is None else self.size(definition.selection_set, left)
            self._counted[name] = found
        if found.depth > left + 1:
            raise GraphQLError(f"the query is nested more than {_MAX_DEPTH} levels deep")
        return found


def check_size(document: DocumentNode) -> None:
    """Raises `GraphQLError` for a document that asks for too much, and for one whose fragments never end."""
    counter = _Counter(document)
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            size = counter.size(node.selection_set)
            if size.fields > _MAX_FIELDS:
                raise GraphQLError(f"the query has more than {_MAX_FIELDS} fields: ask in several queries")
            if size.datasets > _MAX_DATASETS:
                raise GraphQLError(
                    f"the query asks more than {_MAX_DATASETS} datasets: ask in several queries"
                )
