import { Node, type SourceFile, SyntaxKind, ts } from "ts-morph";

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
 * names the node: such a file is a fault of ours, never of the Spec's.
 */
export function checkTree(file: SourceFile): void {
  const { parseDiagnostics = [] } = file.compilerNode as ts.SourceFile & {
    parseDiagnostics?: readonly ts.Diagnostic[];
  };
  const [fault] = parseDiagnostics;
  if (fault !== undefined) throw broken(file, ts.flattenDiagnosticMessageText(fault.messageText, " "));
  const imported = new Set(
    file.getImportDeclarations().flatMap((one) => one.getNamedImports().map((name) => name.getNameNode().getText())),
  );
  file.forEachDescendant((node) => checkNode(file, node, imported));
}

function checkNode(file: SourceFile, node: Node, imported: ReadonlySet<string>): void {
  const kind = node.getKind();
  if (!allowed.has(kind)) throw broken(file, `${node.getKindName()} is no data`);
  if (Node.isIdentifier(node) && !identifier.test(node.getText())) throw broken(file, "an identifier is out of bounds");
  if (Node.isImportDeclaration(node) && !module.test(node.getModuleSpecifierValue()))
    throw broken(file, "a module is imported that is none of ours");
  if (Node.isComputedPropertyName(node) && node.getText() !== '["__proto__"]') throw broken(file, "a key is computed");
  if (Node.isPrefixUnaryExpression(node) && !Node.isNumericLiteral(node.getOperand()))
    throw broken(file, "an expression is computed");
  const parent = node.getParent();
  const isValue =
    (Node.isPropertyAssignment(parent) && parent.getInitializer() === node) || Node.isArrayLiteralExpression(parent);
  if (Node.isIdentifier(node) && isValue && !imported.has(node.getText()))
    throw broken(file, "a name stands for a value");
  if (Node.isVariableDeclaration(node) && node.getInitializer() === undefined)
    throw broken(file, "a constant has no value");
}

function broken(file: SourceFile, why: string): Error {
  return new Error(`generated file ${file.getBaseName()} is not plain data: ${why}`);
}
