import { open, readFile, stat } from 'node:fs/promises';
import * as XLSX from 'xlsx';
import type { ReadSettings } from '../config/settings.js';
import { IngestError } from '../errors.js';
import { workbookPart } from './xlsx/parts.js';
import { Zip } from './xlsx/zip.js';

/** A kind of file that holds workbooks; .xlsm is read as .xlsx. */
export type Kind = 'xlsx' | 'xls' | 'xlsb' | 'ods' | 'csv';

const MIB = 1_048_576;

/**
 * The kind of a file, told by its content and never by its name. Refuses what is no workbook by its real kind, and what
 * is larger than its kind may be.
 */
export async function kindOf(path: string, limits: ReadSettings['limits']): Promise<Kind> {
  const { size } = await stat(path);
  if (size === 0) throw new IngestError('empty-file', 'is empty: it has no bytes');
  const kind = await kindByContent(path, size, limits);
  const allowed = kind === 'xlsx' ? limits.fileMiB : limits.otherFileMiB;
  if (size > allowed * MIB) {
    const advice = kind === 'xlsx' ? 'split it into several workbooks' : 'save it as .xlsx';
    throw new IngestError('too-large', `has ${(size / MIB).toFixed(1)} MiB, more than the ${allowed} MiB allowed for its kind: ${advice}`);
  }
  return kind;
}

async function kindByContent(path: string, size: number, limits: ReadSettings['limits']): Promise<Kind> {
  const head = await headOf(path);
  if (head.subarray(0, 4).equals(Buffer.from('PK\x03\x04', 'latin1'))) return kindOfZip(path, limits);
  if (head.subarray(0, 8).toString('hex') === 'd0cf11e0a1b11ae1') return kindOfContainer(path, size, limits);
  const named = SIGNATURES.find(({ signature }) => signature.test(head.toString('latin1')));
  if (named !== undefined) throw wrongKind(named.what);
  if (!isText(head)) throw new IngestError('wrong-kind', 'is of no kind that is known: expected a workbook (.xlsx, .xls, .xlsb, .ods or .csv)');
  return 'csv';
}

const SIGNATURES: readonly { signature: RegExp; what: string }[] = [
  { signature: /^(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html|head|table|meta|body)/iu, what: 'an HTML page' },
  { signature: /^(?:\xef\xbb\xbf)?\s*<\?xml|^(?:\xef\xbb\xbf)?\s*<[a-z!]/iu, what: 'an XML file' },
  { signature: /^%PDF/u, what: 'a PDF document' },
  { signature: /^(?:\x89PNG|\xff\xd8\xff|GIF8|BM.{4}\0\0\0\0|RIFF.{4}WEBP)/su, what: 'a picture' },
  { signature: /^\{\\rtf/u, what: 'an RTF document' },
  { signature: /^\x1f\x8b/u, what: 'a gzip archive' },
  { signature: /^7z\xbc\xaf/u, what: 'a 7z archive' },
  { signature: /^Rar!/u, what: 'a RAR archive' },
  { signature: /^PK\x05\x06/u, what: 'an empty zip archive' },
];

function wrongKind(what: string): IngestError {
  return new IngestError('wrong-kind', `is ${what}, not a workbook: save it as .xlsx`);
}

async function headOf(path: string): Promise<Buffer> {
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4_096), 0, 4_096, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

async function kindOfZip(path: string, limits: ReadSettings['limits']): Promise<Kind> {
  const zip = await Zip.open(path, limits);
  try {
    const main = await workbookPart(zip);
    if (main?.endsWith('.bin')) return 'xlsb';
    if (main !== undefined && /(^|\/)workbook[^/]*\.xml$/iu.test(main)) return 'xlsx';
    if (zip.has('mimetype')) {
      const type = (await zip.bytes('mimetype')).toString('latin1');
      if (type.includes('opendocument.spreadsheet')) return 'ods';
      if (type.includes('opendocument')) throw wrongKind('an OpenDocument file of another kind');
    }
    if (main?.startsWith('word/')) throw wrongKind('a Word document');
    if (main?.startsWith('ppt/')) throw wrongKind('a PowerPoint presentation');
    // Some programs name the parts as they like: what its relations call the main document is tried.
    if (main !== undefined) return 'xlsx';
    throw wrongKind('a zip archive');
  } finally {
    zip.close();
  }
}

async function kindOfContainer(path: string, size: number, limits: ReadSettings['limits']): Promise<Kind> {
  if (size > limits.fileMiB * MIB) throw new IngestError('too-large', `has more than the ${limits.fileMiB} MiB allowed: save it as .xlsx`);
  const names = containerNames(await readFile(path));
  if (names.some((name) => /\/EncryptedPackage$/u.test(name))) throw new IngestError('password-protected', 'is password-protected: save it without a password');
  if (names.some((name) => /\/(Workbook|Book)$/iu.test(name))) return 'xls';
  if (names.some((name) => name.endsWith('/WordDocument'))) throw wrongKind('a Word document');
  if (names.some((name) => /\/PowerPoint Document$/u.test(name))) throw wrongKind('a PowerPoint presentation');
  throw wrongKind('an Office file of another kind');
}

/** The part of SheetJS that reads containers; its types leave it open. */
interface ContainerReader {
  read(bytes: Buffer, options: { type: 'buffer' }): { FullPaths: string[] };
}

function containerNames(bytes: Buffer): string[] {
  try {
    return (XLSX.CFB as ContainerReader).read(bytes, { type: 'buffer' }).FullPaths;
  } catch (error) {
    throw new IngestError('malformed', 'is damaged or cut off; save the workbook again and drop that', { cause: error });
  }
}

function isText(head: Buffer): boolean {
  const isWide = (head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff);
  return isWide || !/[\0-\x08\x0e-\x1f]/u.test(head.toString('latin1'));
}
