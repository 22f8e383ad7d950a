// vmoat-dp(8), made from its settings.
import { DESCRIPTION, EXAMPLES, optionTexts } from '../../../dp/service/options.ts';
import { Roff } from './roff.ts';

export function dataplanePage(version: string): string {
  const brief = 'the data plane of vmoat';
  const page = new Roff({ name: 'vmoat-dp', section: 8, version, brief });
  page.section('SYNOPSIS').paragraph('vmoat-dp [options]');
  page.section('DESCRIPTION').paragraph(DESCRIPTION);
  page.section('OPTIONS');
  for (const [term, text] of optionTexts()) page.item(term, text);
  page.section('EXIT STATUS');
  page.item('0', 'ended by SIGTERM or SIGINT').item('1', 'something failed').item('2', 'wrong use');
  page.section('FILES').item('/etc/vmoat/dp.yaml', 'the settings of the service');
  page.section('EXAMPLES').verbatim(EXAMPLES.join('\n'));
  page.section('SEE ALSO').paragraph('vmoat(1)');
  return page.toString();
}
