import { type SourceFile, SyntaxKind, ts } from "ts-morph";

/** Everything a generated file may consist of: literals, types, imports of data, exported constants. */
const allowed: ReadonlySet<SyntaxKind> = new Set([
  ...[SyntaxKind.SourceFile, SyntaxKind.EndOfFileToken, SyntaxKind.ImportDeclaration, SyntaxKind.ImportClause],
  ...[SyntaxKind.NamedImports, SyntaxKind.ImportSpecifier, SyntaxKind.StringLiteral, SyntaxKind.Identifier],
  ...[SyntaxKind.InterfaceDeclaration, SyntaxKind.PropertySignature, SyntaxKind.TypeAliasDeclaration],
  ...[SyntaxKind.ExportKeyword, SyntaxKind.ReadonlyKeyword, SyntaxKind.QuestionToken, SyntaxKind.MinusToken],
  ...[SyntaxKind.VariableStatement, SyntaxKind.VariableDeclarationList, SyntaxKind.VariableDeclaration],
  ...[SyntaxKind.ObjectLiteralExpression, SyntaxKind.ArrayLiteralExpression, SyntaxKind.PropertyAssignment],
  ...[SyntaxKind.ComputedPropertyName, SyntaxKind.NumericLiteral, SyntaxKind.PrefixUnaryExpression],
  ...[SyntaxKind.TrueKeyword, SyntaxKind.FalseKeyword, SyntaxKind.NullKeyword],
  ...[SyntaxKind.UnionType, SyntaxKind.IntersectionType, SyntaxKind.ParenthesizedType, SyntaxKind.ArrayType],
  ...[SyntaxKind.TypeLiteral, SyntaxKind.LiteralType, SyntaxKind.TypeReference, SyntaxKind.IndexSignature],
  ...[SyntaxKind.Parameter, SyntaxKind.StringKeyword, SyntaxKind.NumberKeyword, SyntaxKind.BooleanKeyword],
  ...[SyntaxKind.UnknownKeyword],
]);

const identifier = /^[A-Za-z_][A-Za-z0-9_]{0,79}$/;
const module = /^(specgate\/descriptor|\.{1,2}\/((resources|schemas)\/)?[A-Za-z0-9_]+\.ts)$/;

/**
 * Checks the syntax tree of a generated file: whatever the Spec holds, it is data (security.md T40). Throws an Error that
 * says what is not: such a file is a fault of ours, never of the Spec's.
 */
export function checkTree(file: SourceFile): void {
  const root = file.compilerNode as ts.SourceFile & { readonly parseDiagnostics?: readonly ts.Diagnostic[] };
  const [syntax] = root.parseDiagnostics ?? [];
  const why =
    syntax === undefined
      ? faultIn(root, importedNames(root))
      : ts.flattenDiagnosticMessageText(syntax.messageText, " ");
  if (why !== undefined) throw new Error(`generated file ${file.getBaseName()} is not plain data: ${why}`);
}

function importedNames(root: ts.SourceFile): ReadonlySet<string> {
  const bindings = root.statements.flatMap((one) =>
    ts.isImportDeclaration(one) ? (one.importClause?.namedBindings ?? []) : [],
  );
  return new Set(bindings.flatMap((one) => (ts.isNamedImports(one) ? one.elements.map(({ name }) => name.text) : [])));
}

/** What is wrong with a node or anything in it; undefined when nothing is. */
function faultIn(node: ts.Node, imported: ReadonlySet<string>): string | undefined {
  return faultOf(node, imported) ?? ts.forEachChild(node, (child) => faultIn(child, imported));
}

function faultOf(node: ts.Node, imported: ReadonlySet<string>): string | undefined {
  if (!allowed.has(node.kind)) return `${SyntaxKind[node.kind]} is no data`;
  if (ts.isIdentifier(node)) return faultOfName(node, imported);
  if (ts.isImportDeclaration(node))
    return module.test(textOf(node.moduleSpecifier)) ? undefined : "a module is imported that is none of ours";
  if (ts.isComputedPropertyName(node)) return textOf(node.expression) === "__proto__" ? undefined : "a key is computed";
  if (ts.isPrefixUnaryExpression(node))
    return ts.isNumericLiteral(node.operand) ? undefined : "an expression is computed";
  return ts.isVariableDeclaration(node) && node.initializer === undefined ? "a constant has no value" : undefined;
}

/** A name stands for a value only where it was imported: in the index. */
function faultOfName(node: ts.Identifier, imported: ReadonlySet<string>): string | undefined {
  if (!identifier.test(node.text)) return "an identifier is out of bounds";
  const { parent } = node;
  const isValue =
    ts.isArrayLiteralExpression(parent) || (ts.isPropertyAssignment(parent) && parent.initializer === node);
  return isValue && !imported.has(node.text) ? "a name stands for a value" : undefined;
}

function textOf(node: ts.Node): string {
  return ts.isStringLiteral(node) ? node.text : "";
}
